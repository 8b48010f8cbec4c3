// Passkeys on our pages. The server says what to ask and checks the answer; nothing is decided here.
// A form with data-passkey gets a working button; without this script it stays hidden.
(() => {
  'use strict';

  const supported =
    typeof PublicKeyCredential === 'function' &&
    typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function';
  if (!supported) {
    return;
  }

  for (const form of document.querySelectorAll('form[data-passkey]')) {
    const button = form.querySelector('button');
    const status = form.querySelector('[role=alert]');
    form.hidden = false;

    form.addEventListener('submit', async event => {
      event.preventDefault();
      button.disabled = true;
      status.textContent = '';
      // What was wrong with the try before this one.
      document.getElementById('error')?.remove();
      try {
        const answer = await fetch(form.dataset.passkey, {
          method: 'POST',
          headers: { 'X-XSRFToken': form.elements._xsrf.value }
        });
        const options = await answer.json();
        if (!answer.ok) {
          status.textContent = options.message;
          return;
        }
        const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
        const passkey = await navigator.credentials.get({ publicKey });
        form.elements.passkey.value = JSON.stringify(passkey.toJSON());
        form.submit();
      } catch (error) {
        // NotAllowedError: the person stopped it, or has no passkey for this address.
        status.textContent = form.dataset.failed;
      } finally {
        button.disabled = false;
      }
    });
  }
})();
