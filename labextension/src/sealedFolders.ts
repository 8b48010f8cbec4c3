/**
 * The folders in which everything new is encrypted, whatever its name.
 */
import { Notification } from '@jupyterlab/apputils';
import { ISignal, Signal } from '@lumino/signaling';

import { Asking } from './asking';
import { mayRead } from './roles';
import { Security } from './security';
import { folderName } from './words';

const LOOK_EVERY_MS = 30_000;

export class SealedFolders {
  constructor(
    private readonly security: Security,
    private readonly asking: Asking
  ) {
    const look = (): void => {
      // Another page may have marked one; it is not worth a request after each save.
      if (Date.now() - this._lookedAt >= LOOK_EVERY_MS) {
        void this.look();
      }
    };
    security.changed.connect(look);
    // The first status may have come before there was anyone to look.
    look();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  isMarked(path: string): boolean {
    return this._marked.has(path);
  }

  /** The marked folder that this one lies in, at any depth; null when there is none. */
  above(path: string): string | null {
    const parts = path.split('/');
    for (let depth = parts.length - 1; depth > 0; depth--) {
      const folder = parts.slice(0, depth).join('/');
      if (this._marked.has(folder)) {
        return folder;
      }
    }
    return this._marked.has('') && path !== '' ? '' : null;
  }

  /** Mark a folder, or take the mark away, for which the server wants a code. */
  async toggle(path: string): Promise<void> {
    const seal = !this.isMarked(path);
    const name = folderName(path);
    try {
      const intro = `Enter a code: new files in ${name} would no longer all be encrypted.`;
      const done = await this.asking.allowed(path, intro, () =>
        this.security.api.markFolder(path, seal)
      );
      if (done) {
        Notification.success(
          seal
            ? `From now on everything saved in ${name} is encrypted.`
            : `New files in ${name} are encrypted by their names only.`,
          { autoClose: 5_000 }
        );
      }
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      Notification.error(`Nothing has changed for ${name}. ${cause}`, { autoClose: 10_000 });
    }
    await this.look();
  }

  private async look(): Promise<void> {
    if (!this.security.configured || !this.security.connection.loggedIn || !mayRead()) {
      return;
    }
    this._lookedAt = Date.now();
    const folders = await this.security.api.sealedFolders().catch(() => null);
    if (folders && JSON.stringify(folders) !== JSON.stringify([...this._marked])) {
      this._marked = new Set(folders);
      this._changed.emit();
    }
  }

  private _lookedAt = 0;
  private _marked = new Set<string>();
  private _changed = new Signal<this, void>(this);
}
