/**
 * What a person does with locks, from the click to the tab that shows the result.
 */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { PathExt, URLExt } from '@jupyterlab/coreutils';
import { IDocumentWidget } from '@jupyterlab/docregistry';
import { ServiceManager } from '@jupyterlab/services';

import { LockMode } from './api';
import { Asking } from './asking';
import { Documents } from './documents';
import { Security } from './security';

export class Locking {
  constructor(
    private readonly security: Security,
    private readonly asking: Asking,
    private readonly documents: Documents,
    private readonly services: ServiceManager.IManager
  ) {}

  /**
   * Lock a file. What is open of it is saved first; one whose content is to be withheld gives up
   * its kernel.
   */
  async lock(path: string, mode: LockMode): Promise<void> {
    await this.attempt(`${PathExt.basename(path)} is not locked`, async () => {
      if (mode !== 'read-only' && !(await this.mayStopKernel(path))) {
        return;
      }
      await this.save(path);
      if (!(await this.setLock(path, mode))) {
        return;
      }
      if (mode !== 'read-only') {
        // The kernel's memory holds what the lock is to withhold.
        await this.stopKernels(path);
      }
      this.documents.reopen(path);
    });
  }

  /** Take a lock away, asking for a code where the server wants one. */
  async unlock(path: string): Promise<void> {
    const name = PathExt.basename(path);
    await this.attempt(`${name} is still locked`, async () => {
      const stale = this.documents.showing(path).filter(widget => this.isHeldBack(widget));
      const unsaved = stale.find(({ context }) => context.model.dirty);
      const choice = unsaved ? await this.askAboutUnsaved(name) : 'drop';
      if (choice === 'cancel' || !(await this.liftLock(path))) {
        return;
      }
      if (unsaved && choice === 'keep') {
        await this.write(unsaved);
      }
      // A private notebook that its owner has open needs nothing: it is shown and may be saved.
      if (stale.length) {
        this.documents.reopen(path);
      }
    });
  }

  /** Save everything, lock every open notebook, stop their kernels and log out. */
  async lockAllAndLogOut(): Promise<void> {
    const answer = await showDialog({
      title: 'Lock all and log out?',
      body:
        'Open files are saved, open notebooks are locked private, and their kernels are stopped. ' +
        'Then you are logged out.',
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: 'Lock all and log out' })]
    });
    if (!answer.button.accept) {
      return;
    }
    await this.attempt('You are still logged in', async () => {
      const open = this.documents.all.filter(widget => !this.documents.isCovered(widget));
      for (const widget of open) {
        await this.save(this.documents.pathOf(widget));
      }
      for (const path of new Set(open.filter(isNotebook).map(w => this.documents.pathOf(w)))) {
        if (!this.security.lockOf(path)) {
          await this.security.api.lock(path, 'private');
        }
        await this.stopKernels(path);
      }
      await this.security.api.logOut();
      window.location.assign(URLExt.join(this.services.serverSettings.baseUrl, 'login'));
    });
  }

  /** Whether this tab shows less, or may do less, than it could without the lock. */
  private isHeldBack(widget: IDocumentWidget): boolean {
    return this.documents.isCovered(widget) || widget.context.contentsModel?.writable === false;
  }

  /** False when a question on the way was cancelled. */
  private async setLock(path: string, mode: LockMode): Promise<boolean> {
    const { api } = this.security;
    if (mode === 'sealed') {
      return this.asking.newPassphrase(path, async passphrase => {
        await api.lock(path, mode, passphrase);
      });
    }
    const intro = `Enter a code to lock ${PathExt.basename(path)}.`;
    return (await this.asking.allowed(path, intro, () => api.lock(path, mode))) !== null;
  }

  private async liftLock(path: string): Promise<boolean> {
    const intro = `Enter a code to unlock ${PathExt.basename(path)}.`;
    const done = await this.asking.allowed(path, intro, () => this.security.api.unlock(path));
    return done !== null;
  }

  private async save(path: string): Promise<void> {
    for (const { context } of this.documents.showing(path)) {
      if (!context.model.dirty) {
        continue;
      }
      if (context.contentsModel?.writable === false) {
        throw new Error(
          `${PathExt.basename(path)} is read-only and has changes in this page. ` +
            'Save a copy of it or close it first.'
        );
      }
      await context.save();
    }
  }

  /** Write what was changed while the file was read-only and could not be saved. */
  private async write({ context }: IDocumentWidget): Promise<void> {
    const isJson = context.contentsModel?.format === 'json';
    await this.services.contents.save(context.path, {
      type: context.contentsModel?.type,
      format: isJson ? 'json' : 'text',
      content: isJson ? context.model.toJSON() : context.model.toString()
    });
  }

  private async askAboutUnsaved(name: string): Promise<'keep' | 'drop' | 'cancel'> {
    const answer = await showDialog({
      title: `Unlock ${name}`,
      body:
        'There are changes in this page that could not be saved while it was read-only. ' +
        'Unlocking it saves or discards them.',
      buttons: [
        // The one that loses something and the usual one are kept apart.
        Dialog.warnButton({ label: 'Discard', actions: ['drop'] }),
        Dialog.cancelButton(),
        Dialog.okButton({ label: 'Save', actions: ['keep'] })
      ]
    });
    const [action] = answer.button.actions;
    return action === 'keep' || action === 'drop' ? action : 'cancel';
  }

  private async mayStopKernel(path: string): Promise<boolean> {
    const busy = this.documents
      .showing(path)
      .some(({ context }) => context.sessionContext.session?.kernel?.status === 'busy');
    if (!busy) {
      return true;
    }
    const answer = await showDialog({
      title: 'A cell is still running',
      body: `Locking ${PathExt.basename(path)} stops its kernel, and with it what is running.`,
      buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: 'Stop and lock' })]
    });
    return answer.button.accept;
  }

  private async stopKernels(path: string): Promise<void> {
    const { sessions } = this.services;
    await sessions.refreshRunning();
    const own = [...sessions.running()].filter(session => session.path === path);
    await Promise.all(own.map(session => sessions.shutdown(session.id)));
  }

  /** Run it and look at the server again; whatever goes wrong is said with what it means. */
  private async attempt(meaning: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      Notification.error(`${meaning}. ${cause}`, { autoClose: 10_000 });
    } finally {
      await this.security.refresh();
    }
  }
}

function isNotebook(widget: IDocumentWidget): boolean {
  return widget.context.contentsModel?.type === 'notebook';
}
