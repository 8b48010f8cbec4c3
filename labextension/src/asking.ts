/**
 * The dialogs that ask for a secret: a code, or everything a log-in takes.
 *
 * A wrong answer stays in the dialog, with the server's sentence in it, until it is right or
 * cancelled. Nothing that is typed is kept after the dialog closes.
 */
import { Dialog } from '@jupyterlab/apputils';
import { Widget } from '@lumino/widgets';

import { Security } from './security';

interface IField {
  name: 'username' | 'password' | 'code';
  label: string;
  value?: string;
  readOnly?: boolean;
}

interface IForm {
  title: string;
  intro: string;
  fields: IField[];
  accept: string;
  cancel: string;
  submit(values: Record<string, string>): Promise<void>;
}

export class Asking {
  constructor(private readonly security: Security) {
    security.connection.loggedInChanged.connect((_, loggedIn) => {
      if (loggedIn) {
        // Someone logged in from another tab: the question has answered itself.
        this._logIn?.dialog.accept();
      }
    });
  }

  /** Ask for a code and confirm it; false when cancelled. Several askers share one dialog. */
  async code(intro: string): Promise<boolean> {
    this._code ??= this.open({
      title: 'Confirm it is you',
      intro,
      fields: [{ name: 'code', label: 'Code from your authenticator app' }],
      accept: 'Confirm',
      cancel: 'Cancel',
      submit: ({ code }) => this.security.elevate(code)
    });
    try {
      return await this._code.answer;
    } finally {
      this._code = null;
    }
  }

  /** Whether the dialog for a log-in is open. */
  get isAskingToLogIn(): boolean {
    return this._logIn !== null;
  }

  /** Ask for a log-in and do it; false when cancelled. Several askers share one dialog. */
  async logIn(intro: string): Promise<boolean> {
    const username = this.security.status?.user?.username ?? '';
    this._logIn ??= this.open({
      title: 'Log in again',
      intro,
      fields: [
        // Another person must not come into this page, which may show the first one's work.
        { name: 'username', label: 'User name', value: username, readOnly: username !== '' },
        { name: 'password', label: 'Password' },
        { name: 'code', label: 'Code, or a recovery code' }
      ],
      accept: 'Log in',
      cancel: 'Not now',
      submit: ({ username, password, code }) => this.security.logIn(username, password, code)
    });
    try {
      return await this._logIn.answer;
    } finally {
      this._logIn = null;
    }
  }

  private open(form: IForm): IOpen {
    const dialog = new FormDialog(form);
    return { dialog, answer: dialog.launch().then(result => result.button.accept) };
  }

  private _code: IOpen | null = null;
  private _logIn: IOpen | null = null;
}

interface IOpen {
  dialog: FormDialog;
  answer: Promise<boolean>;
}

const INPUTS = {
  username: { type: 'text', autocomplete: 'username' },
  password: { type: 'password', autocomplete: 'current-password' },
  code: { type: 'text', autocomplete: 'one-time-code' }
} as const;

class FormDialog extends Dialog<void> {
  constructor(form: IForm) {
    const body = new FormBody(form);
    super({
      title: form.title,
      body,
      buttons: [
        Dialog.cancelButton({ label: form.cancel }),
        Dialog.okButton({ label: form.accept })
      ],
      focusNodeSelector: 'input:not([readonly])'
    });
    this._form = form;
    this._fields = body;
    this.addClass('jsec-FormDialog');
  }

  /** Close as if the answer had been right. */
  accept(): void {
    super.resolve(1);
  }

  override resolve(index?: number): void {
    if (index === 0) {
      super.resolve(index);
    } else {
      void this._submit();
    }
  }

  private async _submit(): Promise<void> {
    if (this._busy || !this._fields.complete()) {
      return;
    }
    this._busy = true;
    this._fields.say('');
    try {
      await this._form.submit(this._fields.values());
      this._fields.clear();
      this.accept();
    } catch (error) {
      this._fields.say(error instanceof Error ? error.message : String(error));
      this._fields.retry();
    } finally {
      this._busy = false;
    }
  }

  private _form: IForm;
  private _fields: FormBody;
  private _busy = false;
}

class FormBody extends Widget {
  constructor(form: IForm) {
    super({ node: document.createElement('form') });
    this.addClass('jsec-Form');
    this.node.addEventListener('submit', event => event.preventDefault());
    const intro = document.createElement('p');
    intro.textContent = form.intro;
    this.node.append(intro);
    for (const field of form.fields) {
      const label = document.createElement('label');
      label.textContent = field.label;
      const input = document.createElement('input');
      Object.assign(input, INPUTS[field.name], {
        name: field.name,
        value: field.value ?? '',
        readOnly: field.readOnly ?? false,
        spellcheck: false
      });
      input.classList.add('jp-mod-styled');
      if (field.name === 'code') {
        input.inputMode = 'numeric';
      }
      label.append(input);
      this.node.append(label);
      this._inputs.push(input);
    }
    this._message.className = 'jsec-Message';
    this._message.setAttribute('role', 'alert');
    this.node.append(this._message);
  }

  values(): Record<string, string> {
    return Object.fromEntries(
      this._inputs.map(input => [
        input.name,
        input.name === 'password' ? input.value : input.value.trim()
      ])
    );
  }

  /** Whether every field has something in it; otherwise the first empty one takes the focus. */
  complete(): boolean {
    const empty = this._inputs.find(input => !input.value);
    empty?.focus();
    return empty === undefined;
  }

  say(message: string): void {
    this._message.textContent = message;
  }

  /** A code is good for one try only, so it is the field to fill in again. */
  retry(): void {
    const code = this._inputs[this._inputs.length - 1];
    code.value = '';
    code.focus();
  }

  clear(): void {
    for (const input of this._inputs) {
      input.value = '';
    }
  }

  private _inputs: HTMLInputElement[] = [];
  private _message = document.createElement('p');
}
