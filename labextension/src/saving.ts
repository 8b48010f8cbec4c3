/**
 * What happens when a person saves and the server says no: never silence, never a lost change.
 */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';

import { Asking } from './asking';
import { IRefusal } from './connection';
import { Documents } from './documents';
import { ISaveHelp } from './drive';
import { Locking } from './locking';
import { Security } from './security';

/** JupyterLab's own commands, by which a save that a person asked for is told from autosave. */
const SAVE_COMMANDS = ['docmanager:save', 'docmanager:save-all'];
const SAVE_AS = 'docmanager:save-as';
const ASKED_FOR_MS = 5_000;

export class Saving implements ISaveHelp {
  constructor(
    private readonly security: Security,
    private readonly asking: Asking,
    private readonly documents: Documents,
    private readonly locking: Locking,
    private readonly commands: CommandRegistry,
    private readonly activate: (id: string) => void
  ) {
    commands.commandExecuted.connect((_, { id }) => {
      if (SAVE_COMMANDS.includes(id)) {
        this._askedAt = Date.now();
      }
    });
    security.changed.connect(() => {
      // A lock that came or went is news; the same refusal again is not.
      for (const path of [...this._told]) {
        if (!this.security.lockOf(path)) {
          this._told.delete(path);
        }
      }
    });
  }

  async recover(path: string, refusal: IRefusal | 'logged-out'): Promise<boolean> {
    const again = await this.ask(path, refusal);
    if (!again) {
      this.showFailed(path);
    }
    return again;
  }

  /** Say why this file cannot be saved, and offer what can be done instead. */
  async explain(path: string): Promise<void> {
    const name = PathExt.basename(path);
    const lock = this.security.lockOf(path);
    const owner = lock ? (lock.mine ? 'you' : lock.owner) : 'a lock on the server';
    const changed = this.documents.showing(path).some(({ context }) => context.model.dirty);
    const answer = await showDialog({
      title: `${name} is read-only`,
      body:
        `It was locked by ${owner}. ` +
        (changed
          ? 'Your changes are still in this page, but they are not saved.'
          : 'You can read and run it, but nothing is saved.'),
      buttons: [
        Dialog.cancelButton(),
        ...(lock?.mine ? [Dialog.createButton({ label: 'Unlock', actions: ['unlock'] })] : []),
        Dialog.okButton({ label: 'Save a copy…', actions: ['copy'] })
      ]
    });
    if (answer.button.actions.includes('unlock')) {
      await this.locking.unlock(path);
    } else if (answer.button.actions.includes('copy')) {
      await this.saveCopy(path);
    }
  }

  private async ask(path: string, refusal: IRefusal | 'logged-out'): Promise<boolean> {
    const name = PathExt.basename(path);
    const askedFor = Date.now() - this._askedAt <= ASKED_FOR_MS;
    if (refusal === 'logged-out') {
      // Whoever did not want to log in is told so by a notice that stays; autosave, which comes
      // back every two minutes, does not ask them again.
      return (
        (askedFor || this.asking.isAskingToLogIn) &&
        this.asking.logIn(`You are logged out. Log in to save ${name}.`)
      );
    }
    if (!askedFor) {
      this.tell(path, refusal);
      return false;
    }
    switch (refusal.reason) {
      case 'elevation-required':
        return this.asking.code(`${name} is private. Enter a code to save it.`);
      case 'sealed':
        return this.asking.logIn(`The vault is sealed. Log in to save ${name}.`);
      case 'passphrase-required':
        return this.asking.passphrase(path);
      case 'locked':
        await this.security.refresh();
        // Not awaited: the explanation stays open while JupyterLab learns that the save is over.
        void this.explain(path);
        return false;
      default:
        // A save puts a file that was tampered with right; where the server would not have even
        // that, its own words say why.
        void showDialog({
          title: `${name} is not saved`,
          body: refusal.message,
          buttons: [Dialog.okButton({ label: 'Close' })]
        });
        return false;
    }
  }

  /** Autosave was refused: say so once, without taking the keyboard from whoever is typing. */
  private tell(path: string, refusal: IRefusal): void {
    if (this._told.has(path)) {
      return;
    }
    this._told.add(path);
    Notification.warning(`${PathExt.basename(path)} is not saved. ${refusal.message}`, {
      autoClose: false,
      actions: [{ label: 'Save…', callback: () => void this.saveNow(path) }]
    });
  }

  private async saveNow(path: string): Promise<void> {
    this._told.delete(path);
    this._askedAt = Date.now();
    // A refusal has been explained by the time this rejects.
    await this.documents
      .showing(path)[0]
      ?.context.save()
      .catch(() => undefined);
  }

  private async saveCopy(path: string): Promise<void> {
    const [widget] = this.documents.showing(path);
    if (widget) {
      this.activate(widget.id);
      await this.commands.execute(SAVE_AS);
    }
  }

  /** JupyterLab leaves "Saving started" in its status bar after a save that was stopped. */
  private showFailed(path: string): void {
    for (const { context } of this.documents.showing(path)) {
      const state = context.saveState;
      if (state instanceof Signal) {
        const failed: DocumentRegistry.SaveState = 'failed';
        setTimeout(() => state.emit(failed));
      }
    }
  }

  private _askedAt = 0;
  private _told = new Set<string>();
}
