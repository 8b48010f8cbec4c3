/**
 * The plugins for what lies on the disk: whole folders encrypted, and files that were changed there.
 */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDefaultFileBrowser, IFileBrowserFactory } from '@jupyterlab/filebrowser';

import { Asking } from '../asking';
import { Catalogue } from '../catalogue';
import { CommandIDs } from '../commandIds';
import { Migrating } from '../migrating';
import { mayRead } from '../roles';
import { SealedFolders } from '../sealedFolders';
import { Security } from '../security';
import { IAsking, ICatalogue, IMigrating, ISealedFolders, ISecurity } from '../tokens';
import { folderName } from '../words';
import { lockIcon, sealedFolderIcon } from '../views/icons';
import { confirmMigration } from '../views/migrationDialog';
import { showReview } from '../views/review';
import { CATEGORY } from './commands';

export const migrating: JupyterFrontEndPlugin<Migrating> = {
  id: 'jupyter-secure:migrating',
  description: 'Encrypts and decrypts whole folders.',
  autoStart: true,
  provides: IMigrating,
  requires: [ISecurity, IAsking],
  activate: (_: JupyterFrontEnd, security: Security, asking: Asking) => {
    const own = new Migrating(security, asking, confirmMigration);
    // Once, when there is someone who may know: a run goes on while a page is loaded again.
    const join = (): void => {
      if (security.configured && security.connection.loggedIn && mayRead()) {
        security.changed.disconnect(join);
        void own.join();
      }
    };
    security.changed.connect(join);
    join();
    return own;
  }
};

export const sealedFolders: JupyterFrontEndPlugin<SealedFolders> = {
  id: 'jupyter-secure:sealed-folders',
  description: 'Knows the folders in which every new file is encrypted.',
  autoStart: true,
  provides: ISealedFolders,
  requires: [ISecurity, IAsking],
  activate: (_: JupyterFrontEnd, security: Security, asking: Asking) =>
    new SealedFolders(security, asking)
};

export const storageCommands: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-secure:storage-commands',
  description: 'Adds the commands that encrypt folders and review changed files.',
  autoStart: true,
  requires: [ISecurity, IAsking, ICatalogue, IMigrating, ISealedFolders],
  optional: [IFileBrowserFactory, IDefaultFileBrowser, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    security: Security,
    asking: Asking,
    catalogue: Catalogue,
    migration: Migrating,
    folders: SealedFolders,
    browsers: IFileBrowserFactory | null,
    usual: IDefaultFileBrowser | null,
    palette: ICommandPalette | null
  ) => {
    const { commands } = app;
    const { contents } = app.serviceManager;

    /** The one folder that is selected in the file browser. */
    const selected = (): string | null => {
      const [item, ...more] = browsers?.tracker.currentWidget?.selectedItems() ?? [];
      return item?.type === 'directory' && more.length === 0 ? contents.localPath(item.path) : null;
    };
    /** The folder that the file browser shows; everything where there is none. */
    const inView = (): string =>
      contents.localPath((browsers?.tracker.currentWidget ?? usual)?.model.path ?? '');
    const idle = (): boolean => security.configured && migration.run?.running !== true;
    const onFolder = (): boolean => security.configured && selected() !== null;

    commands.addCommand(CommandIDs.reviewFindings, {
      label: 'Review Files That Are Not as They Were Left…',
      isVisible: () => security.configured,
      isEnabled: () => security.configured,
      execute: async () => {
        // Accepting takes a code then, and one dialog cannot ask from within another.
        if (catalogue.isAltered && !security.status?.session?.elevated_seconds_left) {
          await asking.code('Enter a code to accept what was changed from outside.');
        }
        return showReview({
          look: () => catalogue.look(),
          isAltered: () => catalogue.isAltered,
          accept: path => catalogue.accept(path),
          restore: path => catalogue.restore(path)
        });
      }
    });
    commands.addCommand(CommandIDs.encryptAll, {
      label: 'Encrypt Everything…',
      caption: 'Encrypt every file that should be and is not',
      isVisible: () => security.configured,
      isEnabled: idle,
      execute: () => migration.start('seal', '')
    });
    commands.addCommand(CommandIDs.encryptFolder, {
      label: 'Encrypt Everything in Here…',
      icon: lockIcon,
      caption: 'Encrypt every file in this folder that should be and is not',
      isVisible: onFolder,
      isEnabled: () => onFolder() && idle(),
      execute: () => migration.start('seal', selected() ?? inView())
    });
    commands.addCommand(CommandIDs.encryptNewFiles, {
      label: () => {
        const above = folders.above(selected() ?? '');
        return above === null
          ? 'Encrypt New Files in Here'
          : `Encrypt New Files in Here (as in ${folderName(above)})`;
      },
      icon: sealedFolderIcon,
      caption: 'Whatever is saved or uploaded in here from now on is encrypted, whatever its name',
      isToggleable: true,
      isToggled: () => {
        const path = selected() ?? '';
        return folders.isMarked(path) || folders.above(path) !== null;
      },
      isVisible: onFolder,
      // What a folder above decides is changed there.
      isEnabled: () => {
        const path = selected();
        return path !== null && (folders.isMarked(path) || folders.above(path) === null);
      },
      execute: async () => {
        const path = selected();
        if (path !== null) {
          await folders.toggle(path);
        }
      }
    });
    commands.addCommand(CommandIDs.decryptFolder, {
      label: () =>
        inView() ? `Decrypt Everything in ${folderName(inView())}…` : 'Decrypt Everything…',
      caption: 'Write every encrypted file of the folder in view in plain',
      isVisible: () => security.configured,
      isEnabled: idle,
      execute: () => migration.start('open', inView())
    });
    const { reviewFindings, encryptAll, decryptFolder } = CommandIDs;
    for (const command of [reviewFindings, encryptAll, decryptFolder]) {
      palette?.addItem({ command, category: CATEGORY, args: { isPalette: true } });
    }
    folders.changed.connect(() => commands.notifyCommandChanged(CommandIDs.encryptNewFiles));
    migration.changed.connect(() => {
      for (const command of [encryptAll, decryptFolder, CommandIDs.encryptFolder]) {
        commands.notifyCommandChanged(command);
      }
    });
  }
};
