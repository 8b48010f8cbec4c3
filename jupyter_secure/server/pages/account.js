// Adding a passkey, and letting one open the vault, on the account page. A browser's passkeys are
// reached in no other way; everything else on the page works without a script.
(() => {
  'use strict';
  const form = document.getElementById('add-passkey');
  const supported =
    typeof PublicKeyCredential === 'function' &&
    typeof PublicKeyCredential.parseCreationOptionsFromJSON === 'function';
  // A passkey belongs to a name; for an address of numbers no browser makes one.
  const named = !/^(\d+\.){3}\d+$|^\[/.test(location.hostname);
  if (form === null || !supported || !named) {
    return;
  }
  form.hidden = false;
  document.getElementById('no-passkey').hidden = true;
  const status = form.querySelector('[role=alert]');

  async function call(method, url, body) {
    const answer = await fetch(url, {
      method,
      headers: {
        'X-XSRFToken': form.elements._xsrf.value,
        'Content-Type': 'application/json'
      },
      body: body === undefined ? undefined : JSON.stringify(body)
    });
    const text = await answer.text();
    const content = text === '' ? {} : JSON.parse(text);
    if (!answer.ok) {
      throw Object.assign(new Error(content.message), { fromServer: true });
    }
    return content;
  }

  async function attempt(button, work) {
    button.disabled = true;
    status.textContent = '';
    try {
      await work();
    } catch (error) {
      // What a browser says of a passkey that was not given is not for people.
      status.textContent = error.fromServer ? error.message : form.dataset.failed;
      status.scrollIntoView({ block: 'nearest' });
    } finally {
      button.disabled = false;
    }
  }

  form.addEventListener('submit', event => {
    event.preventDefault();
    void attempt(form.querySelector('button'), async () => {
      const options = await call('POST', `${form.dataset.base}/options`, {});
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
      const made = await navigator.credentials.create({ publicKey });
      await call('POST', form.dataset.base, {
        name: form.elements.name.value,
        credential: made.toJSON()
      });
      const [address, section] = form.dataset.done.split('#');
      location.assign(`${address}#${section}`);
    });
  });

  for (const button of document.querySelectorAll('[data-passkey-vault]')) {
    const url = button.dataset.passkeyVault;
    button.hidden = false;
    button.addEventListener('click', () =>
      attempt(button, async () => {
        if (button.dataset.method === 'DELETE') {
          await call('DELETE', url);
        } else {
          const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await call('POST', url, {}));
          const answer = await navigator.credentials.get({ publicKey });
          await call('PUT', url, { passkey: answer.toJSON() });
        }
        location.reload();
      })
    );
  }
})();
