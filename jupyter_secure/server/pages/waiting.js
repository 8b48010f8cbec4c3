// Counts down until another try is taken. The error above says the same to who runs no script, and
// the server decides anyway.
(() => {
  'use strict';

  const timer = document.getElementById('wait');
  const over = document.getElementById('waited');
  const error = document.getElementById('error');
  const until = Date.now() + Number(timer.dataset.seconds) * 1000;
  // Those that the error is about; another form of the page, or a passkey, is not.
  const forms = [...document.forms].filter(form => form.querySelector('[aria-describedby~=error]'));

  // A recovery code need not wait. It is longer than an authenticator's six digits.
  const waits = ({ elements: { code } }) => !code || code.value.replace(/[\s-]/g, '').length <= 6;

  const show = () => {
    const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    for (const form of forms) {
      const button = form.querySelector('button');
      // Firefox would keep it disabled after a reload.
      button.setAttribute('autocomplete', 'off');
      button.disabled = left > 0 && waits(form);
    }
    const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
    timer.textContent = timer.dataset.text.replace('{time}', time);
    if (left === 0) {
      clearInterval(beat);
      timer.remove();
      error?.remove();
      for (const field of document.querySelectorAll('[aria-invalid]')) {
        field.removeAttribute('aria-invalid');
      }
      // Said once. What counts down is not: a timer is silent to screen readers.
      over.className = 'done';
      over.textContent = over.dataset.text;
    }
  };

  error?.after(timer, over);
  timer.hidden = false;
  const beat = setInterval(show, 250);
  document.addEventListener('input', show);
  show();
})();
