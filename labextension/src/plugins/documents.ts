/**
 * The plugins between the server's answers and the open documents.
 */
import { ILabShell, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IDocumentManager, IDocumentWidgetOpener } from '@jupyterlab/docmanager';
import { URLExt } from '@jupyterlab/coreutils';
import { Contents, IDefaultDrive } from '@jupyterlab/services';

import { Asking } from '../asking';
import { Catalogue } from '../catalogue';
import { CommandIDs } from '../commandIds';
import { RefusalReason } from '../connection';
import { Documents } from '../documents';
import { SecureDrive } from '../drive';
import { Freshness } from '../freshness';
import { Locking } from '../locking';
import { Saving } from '../saving';
import { Security } from '../security';
import { SessionWatch } from '../sessionWatch';
import { Watching } from '../watching';
import { IAsking, ICatalogue, IDocuments, ILocking, ISecurity, IWatching } from '../tokens';
import { Cover } from '../views/cover';

export const asking: JupyterFrontEndPlugin<Asking> = {
  id: 'jupyter-secure:asking',
  description: 'Provides the dialogs that ask for a code or a log-in.',
  autoStart: true,
  provides: IAsking,
  requires: [ISecurity],
  activate: (_: JupyterFrontEnd, security: Security) => new Asking(security)
};

export const documents: JupyterFrontEndPlugin<Documents> = {
  id: 'jupyter-secure:documents',
  description: 'Draws a cover over documents whose content is withheld.',
  autoStart: true,
  provides: IDocuments,
  requires: [ISecurity, IAsking, IDocumentManager, IDocumentWidgetOpener, IDefaultDrive],
  optional: [ILabShell],
  activate: (
    app: JupyterFrontEnd,
    security: Security,
    ask: Asking,
    manager: IDocumentManager,
    opener: IDocumentWidgetOpener,
    drive: Contents.IDrive,
    labShell: ILabShell | null
  ) => {
    if (!(drive instanceof SecureDrive)) {
      throw new Error('jupyter-secure: another extension has replaced the default drive.');
    }
    const open: Documents = new Documents(
      manager,
      app.shell,
      drive,
      labShell
        ? null
        : {
            reload: () => window.location.reload(),
            leave: () =>
              window.location.assign(URLExt.join(app.serviceManager.serverSettings.baseUrl, 'tree'))
          },
      (path, refusal) =>
        new Cover(path, refusal, {
          confirm: code => security.elevate(code),
          openWith: async passphrase => {
            await security.api.openLock(path, passphrase);
            open.reopen(path);
          },
          logIn: async () => void (await ask.logIn('Log in to open the vault.')),
          retry: () => open.reopen(path),
          canRestore: async () => (await findings.lookAt(path))?.can_restore === true,
          accept: async () => {
            const intro = 'Enter a code to accept what was changed from outside.';
            const accept = (): Promise<void> => findings.acceptFile(path);
            if ((await ask.allowed(path, intro, accept)) === null) {
              throw new Error('No code was given, so it was left as it is.');
            }
          },
          restore: () => findings.restore(path),
          close: () => open.close(path)
        }),
      opener
    );
    const findings: Catalogue = new Catalogue(security, open);
    const freshness = new Freshness(open, drive, security.connection);
    // A code or a log-in opens every cover that was waiting for one.
    const waiting: RefusalReason[] = ['elevation-required', 'sealed'];
    security.opened.connect(() => {
      for (const path of new Set(
        open.covered.filter(([, { reason }]) => waiting.includes(reason)).map(([path]) => path)
      )) {
        open.reopen(path);
      }
      // Another tab may have been asked for the code in order to save.
      freshness.lookSoon();
    });
    return open;
  }
};

export const catalogue: JupyterFrontEndPlugin<Catalogue> = {
  id: 'jupyter-secure:catalogue',
  description: 'Accepts or restores files that are not as they were left.',
  autoStart: true,
  provides: ICatalogue,
  requires: [ISecurity, IDocuments],
  activate: (_: JupyterFrontEnd, security: Security, open: Documents) =>
    new Catalogue(security, open)
};

export const locking: JupyterFrontEndPlugin<Locking> = {
  id: 'jupyter-secure:locking',
  description: 'Locks and unlocks notebooks.',
  autoStart: true,
  provides: ILocking,
  requires: [ISecurity, IAsking, IDocuments],
  activate: (app: JupyterFrontEnd, security: Security, ask: Asking, open: Documents) =>
    new Locking(security, ask, open, app.serviceManager)
};

export const saving: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-secure:saving',
  description: 'Says why a file cannot be saved, and what can be done.',
  autoStart: true,
  requires: [ISecurity, IAsking, IDocuments, ILocking, IDefaultDrive],
  activate: (
    app: JupyterFrontEnd,
    security: Security,
    ask: Asking,
    open: Documents,
    locks: Locking,
    drive: SecureDrive
  ) => {
    const help = new Saving(security, ask, open, locks, app.commands, id =>
      app.shell.activateById(id)
    );
    drive.saveHelp = help;
    app.commands.addCommand(CommandIDs.explainReadOnly, {
      label: 'Why This Notebook Cannot Be Saved',
      execute: async () => {
        const widget = open.current;
        if (widget) {
          await help.explain(open.pathOf(widget));
        }
      }
    });
    // The class is what the shortcut in schema/commands.json looks for.
    const mark = (): void => {
      for (const widget of open.all) {
        const readOnly = security.lockOf(open.pathOf(widget))?.mode === 'read-only';
        widget.toggleClass('jsec-mod-readOnly', readOnly);
      }
    };
    security.changed.connect(mark);
    app.shell.currentChanged?.connect(mark);
  }
};

export const watching: JupyterFrontEndPlugin<Watching> = {
  id: 'jupyter-secure:watching',
  description: 'Hears from the server when the session ends, or the record grows.',
  autoStart: true,
  provides: IWatching,
  requires: [ISecurity],
  activate: (app: JupyterFrontEnd, security: Security) =>
    new Watching(security, app.serviceManager.serverSettings)
};

export const session: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-secure:session',
  description: 'Warns before the session ends and brings it back in place.',
  autoStart: true,
  requires: [ISecurity, IAsking],
  activate: (app: JupyterFrontEnd, security: Security, ask: Asking) => {
    const { kernels, sessions, terminals } = app.serviceManager;
    const watch = new SessionWatch(security, ask, app.shell, () =>
      Promise.allSettled([kernels, sessions, terminals].map(manager => manager.refreshRunning()))
    );
    security.connection.confirm = why => ask.code(why);
    app.commands.addCommand(CommandIDs.logInAgain, {
      label: 'Log In Again',
      isVisible: () => security.configured && !security.connection.loggedIn,
      isEnabled: () => !security.connection.loggedIn,
      execute: () => watch.askToLogIn()
    });
  }
};
