/**
 * Keeps a session alive while someone works, warns before it ends, and brings it back in place.
 */
import { Notification } from '@jupyterlab/apputils';
import { JupyterFrontEnd } from '@jupyterlab/application';
import { Widget } from '@lumino/widgets';

import { Asking } from './asking';
import { Security } from './security';
import { inWords } from './words';

const ACTIVITY_MS = 60_000;
const WARN_SECONDS = 300;
const SIGNS_OF_LIFE = ['keydown', 'pointerdown', 'pointermove', 'wheel'];

export class SessionWatch {
  constructor(
    private readonly security: Security,
    private readonly asking: Asking,
    private readonly shell: JupyterFrontEnd.IShell,
    /** Find out what still runs, so that connections to what is gone are given up. */
    private readonly lookWhatRuns: () => Promise<unknown>
  ) {
    for (const type of SIGNS_OF_LIFE) {
      document.addEventListener(type, this._sawSomeone, { capture: true, passive: true });
    }
    security.changed.connect(() => this.plan());
    security.connection.loggedInChanged.connect((_, loggedIn) => {
      this.hideNotice();
      if (loggedIn) {
        void this.reconnect();
      } else {
        void this.askToLogIn();
      }
    });
  }

  dispose(): void {
    for (const type of SIGNS_OF_LIFE) {
      document.removeEventListener(type, this._sawSomeone, { capture: true });
    }
    clearTimeout(this._activityTimer);
    clearTimeout(this._planTimer);
  }

  /** Renew the session, or log in again if it has reached the end that nothing can move. */
  async stay(): Promise<void> {
    await this.security.api.activity().catch(() => undefined);
    await this.security.refresh();
    if (this.isEnding()) {
      await this.asking.logIn(
        'The session has reached its longest time. Log in again to go on; your work stays here.'
      );
    }
  }

  /** Ask for a log-in after the session ended; what is unsaved stays in the page meanwhile. */
  async askToLogIn(): Promise<void> {
    const back = await this.asking.logIn(
      'Your session has ended. What you have not saved is still in this page: ' +
        'log in to save it and to go on.'
    );
    if (!back && !this.security.connection.loggedIn) {
      this.notice(
        'You are logged out. What you have not saved is only in this page.',
        'Log in',
        () => this.askToLogIn()
      );
    }
  }

  /** At most one report a minute, more where sessions are short; and the last sign of life in a minute is not forgotten. */
  private readonly _sawSomeone = (): void => {
    if (!this.security.configured || this._activityTimer !== undefined) {
      return;
    }
    const wait = Math.max(0, this._reportedAt + this.reportEvery() - Date.now());
    this._activityTimer = window.setTimeout(() => {
      this._activityTimer = undefined;
      if (this.security.connection.loggedIn) {
        this._reportedAt = Date.now();
        // What a failed report means shows in the next status.
        void this.security.api.activity().catch(() => undefined);
      }
    }, wait);
  };

  private isEnding(): boolean {
    const left = this.security.secondsLeft;
    return left !== null && left <= this.warnAt();
  }

  /** Five minutes before the end; where sessions are short, a quarter of the idle limit. */
  private warnAt(): number {
    return Math.min(WARN_SECONDS, this.idleSeconds() / 4);
  }

  private reportEvery(): number {
    return Math.min(ACTIVITY_MS, (this.idleSeconds() * 1000) / 10);
  }

  private idleSeconds(): number {
    return (this.security.status?.session?.idle_minutes ?? 60) * 60;
  }

  /** Look again when the warning is due, and once more when the session should be over. */
  private plan(): void {
    clearTimeout(this._planTimer);
    const left = this.security.secondsLeft;
    if (left === null) {
      return;
    }
    if (!this.isEnding()) {
      this.hideNotice();
      this.wakeIn(left - this.warnAt());
    } else {
      this.notice(
        `Your session ends in ${inWords(left)}. What you have not saved stays in this page.`,
        'Stay logged in',
        () => this.stay()
      );
      this.wakeIn(left);
    }
  }

  private wakeIn(seconds: number): void {
    // Another tab may have renewed the session: only the server knows. One second is added so
    // that the server's clock has passed the mark as well.
    const delay = Math.min(seconds + 1, 86_400) * 1000;
    this._planTimer = window.setTimeout(() => void this.security.refresh(), delay);
  }

  private notice(message: string, label: string, action: () => Promise<void>): void {
    const options = {
      autoClose: false as const,
      actions: [{ label, displayType: 'accent' as const, callback: () => void action() }]
    };
    if (this._notice && Notification.manager.has(this._notice)) {
      Notification.update({ id: this._notice, message, ...options });
    } else {
      this._notice = Notification.warning(message, options);
    }
  }

  private hideNotice(): void {
    if (this._notice) {
      Notification.dismiss(this._notice);
      this._notice = null;
    }
  }

  /** Ending a session closes its sockets; bring back those of kernels and terminals in view. */
  private async reconnect(): Promise<void> {
    // What was stopped meanwhile, from another tab say, would be asked for over and over.
    await this.lookWhatRuns().catch(() => undefined);
    for (const widget of this.shell.widgets('main')) {
      for (const link of linksOf(widget)) {
        if (!link.isDisposed && link.status !== 'dead' && link.connectionStatus !== 'connected') {
          void bringBack(link).catch(() => undefined);
        }
      }
    }
  }

  private _reportedAt = 0;
  private _activityTimer: number | undefined;
  private _planTimer: number | undefined;
  private _notice: string | null = null;
}

interface ILink {
  isDisposed?: boolean;
  status?: string;
  connectionStatus?: string;
  reconnect?(): Promise<void>;
  requestIsComplete?(content: { code: string }): Promise<unknown>;
}

interface ISessionHolder {
  sessionContext?: { session?: { kernel?: ILink | null } | null };
}

async function bringBack(link: ILink): Promise<void> {
  await link.reconnect?.();
  // JupyterLab asks a kernel for its particulars after it connected, and by a setting takes no
  // note of the state that comes with the answer: the kernel would be "Unknown" until a cell is
  // run. It takes note of the state that comes with this question, which changes nothing.
  await link.requestIsComplete?.({ code: '' });
}

/**
 * The sockets behind a widget: a notebook's or a console's kernel, a terminal's session. Read by
 * shape, because a page of Notebook 7 has only some of these viewers.
 */
function linksOf(widget: Widget): ILink[] {
  const { context, content, sessionContext } = widget as Widget &
    ISessionHolder & { context?: ISessionHolder; content?: { session?: ILink } };
  return [(sessionContext ?? context?.sessionContext)?.session?.kernel, content?.session].filter(
    (link): link is ILink => typeof link?.reconnect === 'function'
  );
}
