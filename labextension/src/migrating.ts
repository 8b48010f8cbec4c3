/**
 * Encrypting and decrypting whole folders: counted first, then done by the server, watched here.
 */
import { Notification } from '@jupyterlab/apputils';
import { ISignal, Signal } from '@lumino/signaling';

import { IMigration, MigrationAction } from './answers';
import { Asking } from './asking';
import { Security } from './security';
import { folderName } from './words';

const LOOK_EVERY_MS = 500;
const LOOK_AT_LEAST_EVERY_MS = 10_000;

/** In the tab's own storage, which outlives the page: a result is to be shown that was not yet. */
const WATCHED = 'jupyter-secure:watched-migration';

/** Shows what was counted and asks whether to go on. `counted` rejects when it was not counted. */
export type Confirm = (
  action: MigrationAction,
  path: string,
  counted: Promise<IMigration>
) => Promise<boolean>;

export class Migrating {
  constructor(
    private readonly security: Security,
    private readonly asking: Asking,
    private readonly confirm: Confirm
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted when a person has started one in this page. */
  get begun(): ISignal<this, void> {
    return this._begun;
  }

  /** What runs, or has run since this page was opened and was not put away; never a dry run. */
  get run(): IMigration | null {
    return this._run;
  }

  get stopping(): boolean {
    return this._stopping;
  }

  /** Count, ask, and encrypt or decrypt everything below a folder; the empty path is everything. */
  async start(action: MigrationAction, path: string): Promise<void> {
    const { api } = this.security;
    try {
      const count = await this.begin(action, path, true);
      if (!count) {
        return;
      }
      const counting = { over: false };
      const counted = this.follow(count, () => undefined).finally(() => (counting.over = true));
      // Handled by whoever shows it; a dialog that was closed meanwhile shows nothing.
      counted.catch(() => undefined);
      const goOn = await this.confirm(action, path, counted);
      if (!goOn) {
        if (!counting.over) {
          await api.stopMigration();
        }
        return;
      }
      const run = await this.begin(action, path, false);
      if (run) {
        this._begun.emit();
        await this.watch(run);
      }
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      const what = action === 'seal' ? 'encrypted' : 'decrypted';
      const place = path === '' ? 'Nothing' : `Nothing in ${folderName(path)}`;
      Notification.error(`${place} was ${what}. ${cause}`, { autoClose: 10_000 });
    }
  }

  /** Stop after the file in hand. */
  async stop(): Promise<void> {
    this._stopping = true;
    this._changed.emit();
    try {
      await this.security.api.stopMigration();
    } catch (error) {
      this._stopping = false;
      const cause = error instanceof Error ? error.message : String(error);
      Notification.error(`It could not be stopped. ${cause}`, { autoClose: 10_000 });
      this._changed.emit();
    }
  }

  /** Put the result away. */
  dismiss(): void {
    if (this._run && !this._run.running) {
      this._run = null;
      sessionStorage.removeItem(WATCHED);
      this._changed.emit();
    }
  }

  /** Watch what another page started, or this one before it was loaded again. */
  async join(): Promise<void> {
    if (this._run?.running) {
      return;
    }
    const run = await this.security.api.migration().catch(() => null);
    if (!run || run.dry_run) {
      return;
    }
    if (run.running) {
      await this.watch(run);
    } else if (sessionStorage.getItem(WATCHED)) {
      // It ended while the page was loaded: the result is still news.
      this._run = run;
      this._changed.emit();
    }
  }

  private async begin(
    action: MigrationAction,
    path: string,
    dryRun: boolean
  ): Promise<IMigration | null> {
    const begun = await this.asking.allowed(path, 'Enter a code to decrypt files.', () =>
      this.security.api.startMigration(action, path, dryRun)
    );
    return begun && begun[0];
  }

  private async watch(run: IMigration): Promise<void> {
    this._stopping = false;
    sessionStorage.setItem(WATCHED, 'yes');
    this._run = await this.follow(run, now => {
      this._run = now;
      this._changed.emit();
    });
    this._stopping = false;
    this._changed.emit();
    // How much is sealed, and the files' own signs, are new.
    await this.security.refresh();
  }

  /** Look again and again until it is over. */
  private async follow(run: IMigration, show: (run: IMigration) => void): Promise<IMigration> {
    let delay = LOOK_EVERY_MS;
    show(run);
    while (run.running) {
      await new Promise(resolve => setTimeout(resolve, delay));
      await this.security.connection.whenLoggedIn();
      try {
        // None: the server was started anew, and what it did not reach is left as it was.
        run = (await this.security.api.migration()) ?? { ...run, running: false, stopped: true };
        delay = LOOK_EVERY_MS;
      } catch {
        // It goes on without us: a look that failed is taken again, less and less often.
        delay = Math.min(delay * 2, LOOK_AT_LEAST_EVERY_MS);
      }
      show(run);
    }
    return run;
  }

  private _run: IMigration | null = null;
  private _stopping = false;
  private _begun = new Signal<this, void>(this);
  private _changed = new Signal<this, void>(this);
}
