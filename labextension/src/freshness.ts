/**
 * Loads what another tab or person has saved meanwhile, when somebody comes back to this page.
 *
 * Only where nothing can be lost by it: a document with something unsaved is left alone, and
 * JupyterLab asks when it is saved, as ever.
 */
import { DocumentRegistry } from '@jupyterlab/docregistry';

import { Connection } from './connection';
import { Documents } from './documents';
import { SecureDrive } from './drive';

/** Coming back is several events of a browser, at once. */
const SETTLE_MS = 100;

export class Freshness {
  constructor(
    private readonly open: Documents,
    private readonly drive: SecureDrive,
    private readonly connection: Connection
  ) {
    document.addEventListener('visibilitychange', this.lookSoon);
    // Two windows side by side are both visible all the time.
    window.addEventListener('focus', this.lookSoon);
  }

  dispose(): void {
    clearTimeout(this._timer);
    document.removeEventListener('visibilitychange', this.lookSoon);
    window.removeEventListener('focus', this.lookSoon);
  }

  /** Look at every open document that could be loaded afresh. */
  readonly lookSoon = (): void => {
    clearTimeout(this._timer);
    this._timer = window.setTimeout(() => {
      if (document.hidden || !this.connection.loggedIn) {
        return;
      }
      for (const context of new Set(this.open.all.map(widget => widget.context))) {
        // What cannot be loaded JupyterLab has said itself; it is as it was.
        this.look(context).catch(() => undefined);
      }
    }, SETTLE_MS);
  };

  private async look(context: DocumentRegistry.Context): Promise<void> {
    // One that is loading may hold, by the time it is there, what has been saved over since.
    await context.ready;
    const shown = context.contentsModel;
    if (!shown || !this.isIdle(context)) {
      return;
    }
    const path = context.localPath;
    const saved = await this.drive.changedAt(path);
    if (saved === null || !(Date.parse(saved) > Date.parse(shown.last_modified))) {
      return;
    }
    const { type, format } = shown;
    const letGo = await this.drive.fetchAhead(path, { type, format: format ?? undefined });
    if (letGo === null) {
      return;
    }
    // What was typed while it was on its way stays; from here on nobody can type before it is there.
    const same = context.contentsModel?.last_modified === shown.last_modified;
    if (this.isIdle(context) && same && context.localPath === path) {
      await context.revert();
    }
    letGo();
  }

  /** Nothing unsaved, nothing that others keep fresh, and no cell that waits for its output. */
  private isIdle(context: DocumentRegistry.Context): boolean {
    const { cells } = context.model as { cells?: Iterable<{ executionState?: string }> };
    return (
      !context.isDisposed &&
      !context.model.dirty &&
      !context.model.collaborative &&
      ![...(cells ?? [])].some(cell => cell.executionState === 'running') &&
      this.open.all.some(
        widget =>
          widget.context === context && this.open.isOurs(widget) && !this.open.isCovered(widget)
      )
    );
  }

  private _timer: number | undefined;
}
