/**
 * A dialog with a few fields that is sent off from within: a wrong answer stays in it, with the
 * server's sentence, until it is right or cancelled. Nothing typed is kept after it closes.
 */
import { Dialog } from '@jupyterlab/apputils';
import { Widget } from '@lumino/widgets';

const INPUTS = {
  username: { type: 'text', autocomplete: 'username' },
  password: { type: 'password', autocomplete: 'current-password' },
  code: { type: 'text', autocomplete: 'one-time-code' },
  // No password manager should file a notebook's passphrase as the account's password.
  passphrase: { type: 'password', autocomplete: 'off' },
  newPassphrase: { type: 'password', autocomplete: 'new-password' },
  again: { type: 'password', autocomplete: 'new-password' },
  kept: { type: 'checkbox', autocomplete: 'off' }
} as const;

export type FieldName = keyof typeof INPUTS;

/** These are sent as they were typed; of the others the spaces around them go. */
const VERBATIM: readonly string[] = ['password', 'passphrase', 'newPassphrase', 'again'];

interface IField {
  name: FieldName;
  label: string;
  value?: string;
  readOnly?: boolean;
}

export interface IForm {
  title: string;
  /** What this is for. */
  intro: string;
  /** What cannot be undone by it. */
  warning?: string;
  fields: IField[];
  accept: string;
  cancel: string;
  /** What is wrong with the answer before it is sent; empty when nothing is. */
  check?(values: Record<string, string>): { field: FieldName; message: string } | null;
  submit(values: Record<string, string>): Promise<void>;
}

/** Another way than the last field: a button below it. */
export interface IAlternative {
  label: string;
  /** The fields that this way takes too. */
  needs: FieldName[];
  submit: (values: Record<string, string>) => Promise<void>;
}

export class FormDialog extends Dialog<void> {
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

  /** Add another way, once. */
  offer(other: IAlternative): void {
    if (!this.isDisposed) {
      this._fields.offer(other.label, () => void this._send(other.needs, other.submit));
    }
  }

  override handleEvent(event: Event): void {
    // JupyterLab gives Enter to its own buttons wherever the focus is.
    const { key, target } = event as KeyboardEvent;
    if (event.type === 'keydown' && key === 'Enter' && this._fields.isOffer(target)) {
      event.stopPropagation();
      return;
    }
    super.handleEvent(event);
  }

  override resolve(index?: number): void {
    if (index === 0) {
      super.resolve(index);
    } else {
      void this._submit();
    }
  }

  private async _submit(): Promise<void> {
    const wrong = this._fields.complete() ? this._form.check?.(this._fields.values()) : null;
    if (wrong) {
      this._fields.say(wrong.message, wrong.field);
      return;
    }
    await this._send(null, values => this._form.submit(values));
  }

  /** `needs`: the fields that must be filled in; null for all. */
  private async _send(
    needs: FieldName[] | null,
    submit: (values: Record<string, string>) => Promise<void>
  ): Promise<void> {
    if (this._busy || !this._fields.complete(needs)) {
      return;
    }
    this._busy = true;
    this._fields.say('');
    try {
      await submit(this._fields.values());
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
    if (form.warning) {
      const warning = document.createElement('p');
      warning.className = 'jsec-Form-warning';
      warning.textContent = form.warning;
      this.node.append(warning);
    }
    for (const field of form.fields) {
      this.node.append(this._add(field));
    }
    this._message.className = 'jsec-Message';
    this._message.setAttribute('role', 'alert');
    this.node.append(this._message);
  }

  /** A ticked box reads "on". */
  values(): Record<string, string> {
    return Object.fromEntries(
      this._inputs.map(input => [
        input.name,
        input.type === 'checkbox'
          ? input.checked
            ? 'on'
            : ''
          : VERBATIM.includes(input.name)
            ? input.value
            : input.value.trim()
      ])
    );
  }

  /** Whether every field has something in it; otherwise the first empty one takes the focus. */
  complete(needs: FieldName[] | null = null): boolean {
    const empty = this._inputs.find(
      ({ type, name, value }) =>
        type !== 'checkbox' && !value && (needs === null || needs.includes(name as FieldName))
    );
    empty?.focus();
    return empty === undefined;
  }

  offer(label: string, use: () => void): void {
    if (this._offer === null) {
      this._offer = document.createElement('button');
      this._offer.type = 'button';
      this._offer.className = 'jp-mod-styled jsec-Form-offer';
      this._offer.textContent = label;
      this._offer.addEventListener('click', use);
      this.node.insertBefore(this._offer, this._message);
    }
  }

  isOffer(target: EventTarget | null): boolean {
    return target !== null && target === this._offer;
  }

  say(message: string, field?: FieldName): void {
    this._message.textContent = message;
    this._inputs.find(({ name }) => name === field)?.focus();
  }

  /** The field to fill in again: a code is good for one try only, a new passphrase was refused. */
  retry(): void {
    const typed = this._inputs.filter(({ type }) => type !== 'checkbox');
    const wrong = typed.find(({ name }) => name === 'newPassphrase') ?? typed[typed.length - 1];
    if (wrong.name === 'newPassphrase') {
      wrong.select();
    } else {
      wrong.value = '';
    }
    wrong.focus();
  }

  clear(): void {
    for (const input of this._inputs) {
      input.value = '';
    }
  }

  private _add(field: IField): HTMLElement {
    const label = document.createElement('label');
    const input = document.createElement('input');
    Object.assign(input, INPUTS[field.name], {
      name: field.name,
      value: field.value ?? '',
      readOnly: field.readOnly ?? false,
      spellcheck: false
    });
    if (field.name === 'code') {
      input.inputMode = 'numeric';
    }
    if (input.type === 'checkbox') {
      label.className = 'jsec-Form-check';
      label.append(input, field.label);
    } else {
      input.classList.add('jp-mod-styled');
      label.append(field.label, input);
    }
    this._inputs.push(input);
    return label;
  }

  private _inputs: HTMLInputElement[] = [];
  private _offer: HTMLButtonElement | null = null;
  private _message = document.createElement('p');
}
