/**
 * What the page knows of the server's security: one status, kept fresh, for every view.
 */
import { ISignal, Signal } from '@lumino/signaling';
import { Poll } from '@lumino/polling';

import { ApiError, ILock, IStatus, SecureApi } from './api';
import { Connection } from './connection';
import { askPasskey, canUsePasskeys } from './passkeys';

const POLL_MS = 30_000;

export class Security {
  constructor(
    readonly api: SecureApi,
    readonly connection: Connection
  ) {
    connection.loggedInChanged.connect((_, loggedIn) => {
      if (!loggedIn) {
        this._endsAt = null;
        this._elevatedUntil = 0;
        this._changed.emit();
      }
    });
    this._poll = new Poll({
      name: 'jupyter-secure:status',
      factory: () => this._fetch(),
      frequency: { interval: POLL_MS, backoff: true, max: 300_000 },
      standby: () => (this._inert ? true : 'when-hidden')
    });
    document.addEventListener('visibilitychange', this._lookAgain);
  }

  /** Emitted after every look at the server, and when a countdown makes the status stale. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /**
   * Emitted when more can be opened than before: a code was confirmed, or someone logged in,
   * in this page or in another.
   */
  get opened(): ISignal<this, void> {
    return this._opened;
  }

  /** The last status; null until the first answer, or when the server has no such API. */
  get status(): IStatus | null {
    return this._status;
  }

  /** Why there is no status, in words for the user; empty when there is one. */
  get problem(): string {
    return this._problem;
  }

  get configured(): boolean {
    return this._status?.configured === true;
  }

  /** Seconds until the session ends, as of now; null when there is none. */
  get secondsLeft(): number | null {
    return this._endsAt === null
      ? null
      : Math.max(0, Math.round((this._endsAt - Date.now()) / 1000));
  }

  /** Whether a second factor was confirmed recently enough to open private notebooks. */
  get elevated(): boolean {
    return Date.now() < this._elevatedUntil;
  }

  lockOf(path: string): ILock | null {
    return this._status?.locks.find(lock => lock.path === path) ?? null;
  }

  /** Ask the server now, even if polling stands by. */
  async refresh(): Promise<void> {
    await this._fetch().catch(() => undefined);
  }

  /** Confirm the second factor; throws the server's `ApiError` for a wrong code. */
  async elevate(code: string): Promise<void> {
    await this._elevate({ code });
  }

  /** The same with a passkey; throws a sentence when none is given. */
  async elevateWithPasskey(): Promise<void> {
    await this._elevate({ passkey: await askPasskey(await this.api.elevateOptions()) });
  }

  /** Whether a passkey can be asked for: this account has one, and this browser can. */
  async hasPasskey(): Promise<boolean> {
    if (!canUsePasskeys()) {
      return false;
    }
    if (this.connection.loggedIn) {
      // Looked at each time: it may have been added a minute ago in another tab.
      await this._lookAtAccount();
    }
    return this._hasPasskey;
  }

  /** Log in again in this page; throws the server's `ApiError` when it refuses. */
  async logIn(username: string, password: string, code: string): Promise<void> {
    await this.api.logIn(username, password, code);
    await this.refresh();
    this._opened.emit();
  }

  /** Log in again in this page with a passkey in the place of the code. */
  async logInWithPasskey(username: string, password: string): Promise<void> {
    await this.api.logInWithPasskey(username, password, askPasskey);
    await this.refresh();
    this._opened.emit();
  }

  dispose(): void {
    this._poll.dispose();
    document.removeEventListener('visibilitychange', this._lookAgain);
    Signal.clearData(this);
  }

  /** Whoever comes back to this page may have been busy in another one. */
  private readonly _lookAgain = (): void => {
    if (!document.hidden && !this._inert) {
      void this.refresh();
    }
  };

  private async _elevate(factor: { code: string } | { passkey: object }): Promise<void> {
    const seconds = await this.api.elevate(factor);
    this._elevatedUntil = Date.now() + seconds * 1000;
    await this.refresh();
    this._opened.emit();
  }

  private async _lookAtAccount(): Promise<void> {
    try {
      this._hasPasskey = (await this.api.account()).factors.passkeys.length > 0;
    } catch {
      // Then a code is asked for, which every account takes.
    }
  }

  private async _fetch(): Promise<void> {
    const asked = ++this._asked;
    try {
      const status = await this.api.status();
      if (asked !== this._asked) {
        return;
      }
      this._take(status);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        // The connection has noticed by itself.
        return;
      }
      if (error instanceof ApiError && error.status === 404) {
        this._inert = true;
        this._status = null;
        this._problem =
          'The server part of jupyter-secure is not running. ' +
          'Run `jupyter server extension list` in a terminal to see why.';
      } else {
        this._problem = error instanceof Error ? error.message : String(error);
      }
      this._changed.emit();
      throw error;
    }
  }

  private _take(status: IStatus): void {
    const elevatedBefore = this.elevated;
    const loggedInBefore = this.connection.loggedIn;
    this._status = status;
    this._problem = '';
    // Nothing to watch until an administrator has set it up, which takes a restart anyway.
    this._inert = !status.configured;
    const session = status.session;
    this._endsAt = session ? Date.now() + session.seconds_left * 1000 : null;
    this._elevatedUntil = session ? Date.now() + session.elevated_seconds_left * 1000 : 0;
    if (session && !this._knowsAccount && canUsePasskeys()) {
      // Known before it is needed: when the session has ended, nobody is told any more.
      this._knowsAccount = true;
      void this._lookAtAccount();
    }
    if (session || !status.configured) {
      this.connection.sawLoggedIn();
    }
    this._changed.emit();
    if ((this.elevated && !elevatedBefore) || (this.connection.loggedIn && !loggedInBefore)) {
      this._opened.emit();
    }
  }

  private _poll: Poll;
  private _asked = 0;
  private _inert = false;
  private _status: IStatus | null = null;
  private _problem = '';
  private _endsAt: number | null = null;
  private _elevatedUntil = 0;
  private _knowsAccount = false;
  private _hasPasskey = false;
  private _changed = new Signal<this, void>(this);
  private _opened = new Signal<this, void>(this);
}
