/**
 * Hears from the server at once when the session has ended or changed, or the record has grown,
 * instead of finding out.
 */
import { ServerConnection } from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';

import { Security } from './security';

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** A connection that lasted as long was a good one: what comes next is not its fault. */
const LASTED_MS = 10_000;
const COOKIE_WAIT_MS = 1_000;

export class Watching {
  constructor(
    private readonly security: Security,
    private readonly settings: ServerConnection.ISettings
  ) {
    security.changed.connect(this._begin);
    security.connection.loggedInChanged.connect((_, loggedIn) => {
      if (loggedIn) {
        this._wait = FIRST_WAIT_MS;
        this._begin();
      } else {
        this._stop();
      }
    });
  }

  /** Emitted when there may be something new on record that this account may see. */
  get recordGrown(): ISignal<this, void> {
    return this._recordGrown;
  }

  /** Whether the server would tell. */
  get connected(): boolean {
    return this._connected;
  }

  dispose(): void {
    this._disposed = true;
    this.security.changed.disconnect(this._begin);
    this._stop();
    clearTimeout(this._again);
    Signal.clearData(this);
  }

  /** Open the socket if there is a session to watch and it is not being watched. */
  private readonly _begin = (): void => {
    const { security } = this;
    if (
      this._disposed ||
      this._socket !== null ||
      this._timer !== undefined ||
      !security.configured ||
      !security.connection.loggedIn
    ) {
      return;
    }
    const { WebSocket, wsUrl } = this.settings;
    const socket = new WebSocket(`${wsUrl}jupyter-secure/api/watch`);
    this._socket = socket;
    const began = Date.now();
    socket.onopen = () => {
      if (this._socket === socket) {
        this._connected = true;
        // Nobody told what came before.
        this._recordGrown.emit();
      }
    };
    socket.onmessage = ({ data }) => this._hear(String(data));
    socket.onclose = () => {
      if (this._socket !== socket) {
        return;
      }
      this._socket = null;
      this._connected = false;
      this._wait =
        Date.now() - began >= LASTED_MS ? FIRST_WAIT_MS : Math.min(this._wait * 2, LONGEST_WAIT_MS);
      this._timer = window.setTimeout(() => {
        this._timer = undefined;
        this._begin();
      }, this._wait);
      // It ended with the session, or the server was stopped: only the server knows.
      void security.refresh();
    };
  };

  private _hear(text: string): void {
    let event: unknown;
    try {
      event = (JSON.parse(text) as { event?: unknown }).event;
    } catch {
      return;
    }
    if (event === 'session-ended' || event === 'session-changed') {
      // Not believed but looked at: another tab may have logged in again by now.
      void this.security.refresh();
      // The word may be here before the new cookie, which another tab gets with its answer; with
      // the one of before nothing looks changed.
      clearTimeout(this._again);
      this._again = window.setTimeout(() => void this.security.refresh(), COOKIE_WAIT_MS);
    } else if (event === 'record-grown') {
      this._recordGrown.emit();
    }
  }

  private _stop(): void {
    clearTimeout(this._timer);
    this._timer = undefined;
    const socket = this._socket;
    this._socket = null;
    this._connected = false;
    socket?.close();
  }

  private _socket: WebSocket | null = null;
  private _connected = false;
  private _again: number | undefined;
  private _timer: number | undefined;
  private _wait = FIRST_WAIT_MS / 2;
  private _disposed = false;
  private _recordGrown = new Signal<this, void>(this);
}
