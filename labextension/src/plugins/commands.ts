/**
 * The commands: in the palette, in the file browser's context menu and behind the lock buttons.
 */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { ILock } from '../api';
import { Asking } from '../asking';
import { CommandIDs } from '../commandIds';
import { Documents } from '../documents';
import { Locking } from '../locking';
import { mayManage } from '../roles';
import { Security } from '../security';
import { IAsking, IDocuments, ILocking, ISecurity } from '../tokens';
import { keyIcon, lockIcon, readOnlyIcon, unlockIcon } from '../views/icons';

export const CATEGORY = 'Security';

/** The notebook that a command is about; null for none. */
export function notebookMeant(
  args: ReadonlyPartialJSONObject,
  documents: Documents,
  browsers: IFileBrowserFactory | null
): string | null {
  if (typeof args.path === 'string') {
    return args.path;
  }
  if (args.from === 'filebrowser') {
    const [item] = browsers?.tracker.currentWidget?.selectedItems() ?? [];
    return item?.type === 'notebook' ? item.path : null;
  }
  const { current } = documents;
  const path = current ? documents.pathOf(current) : '';
  return PathExt.extname(path) === '.ipynb' ? path : null;
}

export const DESCRIBED_BY = {
  args: {
    type: 'object',
    properties: {
      path: { type: 'string', description: 'The file; without it, the notebook in view' },
      from: {
        type: 'string',
        enum: ['filebrowser'],
        description: 'Where to take the file from when no path is given'
      }
    }
  }
};

export const commands: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-secure:commands',
  description: 'Adds the commands that lock, unlock and log out.',
  autoStart: true,
  requires: [ISecurity, IAsking, IDocuments, ILocking],
  optional: [IFileBrowserFactory, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    security: Security,
    asking: Asking,
    documents: Documents,
    locking: Locking,
    browsers: IFileBrowserFactory | null,
    palette: ICommandPalette | null
  ) => {
    const pathOf = (args: ReadonlyPartialJSONObject): string | null =>
      notebookMeant(args, documents, browsers);

    const add = (
      id: string,
      label: string,
      icon: typeof lockIcon,
      caption: string,
      fits: (lock: ILock | null) => boolean,
      run: (path: string) => Promise<void>
    ): void => {
      const applies = (args: ReadonlyPartialJSONObject): boolean => {
        const path = pathOf(args);
        return security.configured && path !== null && fits(security.lockOf(path));
      };
      app.commands.addCommand(id, {
        label,
        icon: args => (args.isPalette ? undefined : icon),
        caption,
        isVisible: applies,
        isEnabled: applies,
        describedBy: DESCRIBED_BY,
        execute: async args => {
          const path = pathOf(args);
          if (path !== null) {
            await run(path);
          }
        }
      });
    };

    add(
      CommandIDs.lockPrivate,
      'Lock: Private',
      lockIcon,
      'Withhold it until you enter a code; its kernel is stopped',
      lock => lock === null || (lock.mine && lock.mode === 'read-only'),
      path => locking.lock(path, 'private')
    );
    add(
      CommandIDs.lockReadOnly,
      'Lock: Read-Only',
      readOnlyIcon,
      'Let anyone open it and nobody change, rename or delete it',
      lock => lock === null,
      path => locking.lock(path, 'read-only')
    );
    add(
      CommandIDs.lockSealed,
      'Lock: Sealed With Its Own Passphrase…',
      keyIcon,
      'Nothing but its passphrase opens it; its kernel is stopped',
      lock => lock === null || (lock.mine && lock.mode === 'read-only'),
      path => locking.lock(path, 'sealed')
    );
    add(
      CommandIDs.unlock,
      'Unlock',
      unlockIcon,
      'Take the lock away',
      lock => lock?.mine === true,
      path => locking.unlock(path)
    );
    app.commands.addCommand(CommandIDs.confirm, {
      label: 'Confirm It Is You…',
      caption: 'Enter a code now, so that private notebooks open without one for a while',
      isVisible: () => security.configured,
      isEnabled: () => security.configured,
      execute: async () => void (await asking.code('Enter a code to open private notebooks.'))
    });
    app.commands.addCommand(CommandIDs.lockAllAndLogOut, {
      label: 'Lock All and Log Out',
      isVisible: () => security.configured,
      isEnabled: () => security.configured,
      execute: () => locking.lockAllAndLogOut()
    });

    const openPage = (page: string): void => {
      const { baseUrl } = app.serviceManager.serverSettings;
      // A tab of its own, which cannot reach back into this page.
      window.open(`${baseUrl}jupyter-secure/${page}`, '_blank', 'noopener');
    };
    app.commands.addCommand(CommandIDs.openAccount, {
      label: 'Account and Security…',
      caption: 'Password, authenticator, passkeys, sessions and access tokens, in a new tab',
      isVisible: () => security.configured,
      isEnabled: () => security.configured,
      execute: () => openPage('account')
    });
    app.commands.addCommand(CommandIDs.openUsers, {
      label: 'Users…',
      caption: 'Who may log in to this server, and as what, in a new tab',
      isVisible: () => security.configured && mayManage(),
      isEnabled: () => security.configured && mayManage(),
      execute: () => openPage('users')
    });

    for (const command of [
      CommandIDs.openAccount,
      CommandIDs.openUsers,
      CommandIDs.openPanel,
      CommandIDs.lockPrivate,
      CommandIDs.lockReadOnly,
      CommandIDs.lockSealed,
      CommandIDs.unlock,
      CommandIDs.confirm,
      CommandIDs.lockAllAndLogOut,
      CommandIDs.logInAgain
    ]) {
      palette?.addItem({ command, category: CATEGORY, args: { isPalette: true } });
    }
    security.changed.connect(() => app.commands.notifyCommandChanged());
  }
};
