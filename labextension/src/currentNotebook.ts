/**
 * What protects the notebook in view, asked of the server whenever that may have changed.
 */
import { PathExt } from '@jupyterlab/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { IPathProtection } from './api';
import { Documents } from './documents';
import { Security } from './security';

export class CurrentNotebook {
  constructor(
    private readonly security: Security,
    private readonly documents: Documents
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Null when no notebook is in view, or nothing is known about it. */
  get value(): IPathProtection | null {
    return this._value;
  }

  update(): void {
    void this.ask();
  }

  private async ask(): Promise<void> {
    const asked = ++this._asked;
    const widget = this.documents.current;
    const path = widget ? this.documents.pathOf(widget) : '';
    const wanted =
      this.security.configured &&
      this.security.connection.loggedIn &&
      PathExt.extname(path) === '.ipynb';
    if (this._value?.path !== path) {
      this._value = null;
    }
    // Drawn at once, so that the panel never shows one notebook's state under another's name.
    this._changed.emit();
    const value = wanted ? await this.security.api.protection(path).catch(() => null) : null;
    if (asked === this._asked) {
      this._value = value;
      this._changed.emit();
    }
  }

  private _asked = 0;
  private _value: IPathProtection | null = null;
  private _changed = new Signal<this, void>(this);
}
