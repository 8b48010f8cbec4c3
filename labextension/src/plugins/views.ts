/**
 * The plugins that a person sees: the panel, the padlocks, the toolbar and the status bar.
 */
import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IDefaultFileBrowserRenderer, IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { NotebookPanel } from '@jupyterlab/notebook';
import { IStatusBar } from '@jupyterlab/statusbar';
import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { ISignal, Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { Asking } from '../asking';
import { CommandIDs } from '../commandIds';
import { CurrentNotebook } from '../currentNotebook';
import { Documents } from '../documents';
import { Migrating } from '../migrating';
import { mayWrite } from '../roles';
import { SealedFolders } from '../sealedFolders';
import { Security } from '../security';
import { IAsking, IDocuments, IMigrating, ISealedFolders, ISecurity } from '../tokens';
import { LockButton, StatusItem } from '../views/indicators';
import { SecurityPanel } from '../views/panel';
import { PadlockRenderer } from '../views/renderer';

/** The menu of what can be done with this file's lock, below the button that was pressed. */
function openLockMenu(commands: CommandRegistry, path: string, anchor: HTMLElement): void {
  const menu = new MenuSvg({ commands });
  menu.addClass('jsec-LockMenu');
  const { lockPrivate, lockReadOnly, lockSealed, unlock } = CommandIDs;
  for (const command of [lockPrivate, lockReadOnly, lockSealed, unlock]) {
    menu.addItem({ command, args: { path } });
  }
  menu.aboutToClose.connect(() => setTimeout(() => menu.dispose()));
  const { left, bottom } = anchor.getBoundingClientRect();
  menu.open(left, bottom);
}

export const panel: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-secure:panel',
  description: 'Adds the security panel.',
  autoStart: true,
  requires: [ISecurity, IAsking, IDocuments, IMigrating, IDocumentManager],
  optional: [ILabShell, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    security: Security,
    asking: Asking,
    documents: Documents,
    migrating: Migrating,
    manager: IDocumentManager,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null
  ) => {
    const { commands, shell } = app;
    // What would be refused is not offered: buttons that run, change and save.
    document.body.classList.toggle('jsec-mod-readOnlyRole', !mayWrite());
    const current = new CurrentNotebook(security, documents);
    shell.currentChanged?.connect(() => current.update());
    security.changed.connect(() => current.update());
    // A save seals what was plain; a rename or deletion takes its lock along.
    app.serviceManager.contents.fileChanged.connect(() => {
      if (security.configured) {
        void security.refresh();
      }
    });
    const changed = new Signal<object, void>({});
    for (const signal of [current.changed, migrating.changed] as ISignal<unknown, void>[]) {
      signal.connect(() => changed.emit());
    }
    const widget = new SecurityPanel(
      {
        security,
        current: () => current.value,
        migration: () => migrating.run && { run: migrating.run, stopping: migrating.stopping },
        changed
      },
      {
        chooseLock: (path, anchor) => openLockMenu(commands, path, anchor),
        unlock: path => void commands.execute(CommandIDs.unlock, { path }),
        open: path => void manager.openOrReveal(path),
        lockAllAndLogOut: () => void commands.execute(CommandIDs.lockAllAndLogOut),
        logIn: () => void asking.logIn('Log in to go on. Your work stays in this page.'),
        refresh: () => void security.refresh(),
        sessions: () => security.api.sessions(),
        endSession: id => security.api.endSession(id),
        endSessions: async scope => {
          await security.api.endSessions(scope);
          // At once, and not only when the server's word arrives.
          await security.refresh();
        },
        account: () => void commands.execute(CommandIDs.openAccount),
        history: path => void commands.execute(CommandIDs.showHistory, { path }),
        deleted: () => void commands.execute(CommandIDs.showDeleted),
        activity: () => void commands.execute(CommandIDs.showActivity),
        users: () => void commands.execute(CommandIDs.openUsers),
        encryptAll: () => void commands.execute(CommandIDs.encryptAll),
        review: () => void commands.execute(CommandIDs.reviewFindings),
        migration: { stop: () => void migrating.stop(), dismiss: () => migrating.dismiss() }
      }
    );
    shell.add(widget, 'left', { rank: 620, type: 'Security' });
    restorer?.add(widget, widget.id);
    commands.addCommand(CommandIDs.openPanel, {
      label: 'Show the Security Panel',
      execute: () => {
        shell.activateById(widget.id);
        void security.refresh();
      }
    });
    migrating.begun.connect(() => shell.activateById(widget.id));
    if (labShell === null) {
      // Notebook 7 has no status bar and hides its side panels: a sign in the top area leads there.
      const sign = new StatusItem(security, () => void commands.execute(CommandIDs.openPanel));
      sign.id = 'jupyter-secure-sign';
      shell.add(sign, 'top', { rank: 900 });
      const showOrHide = (): void => sign.setHidden(!security.configured);
      security.changed.connect(showOrHide);
      // The first status may have come before there was a sign.
      showOrHide();
    }
  }
};

export const statusBar: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-secure:status-bar',
  description: 'Shows the state of the place in the status bar.',
  autoStart: true,
  requires: [ISecurity],
  optional: [IStatusBar],
  activate: (app: JupyterFrontEnd, security: Security, bar: IStatusBar | null) => {
    const activeStateChanged = new Signal<object, void>({});
    security.changed.connect(() => activeStateChanged.emit());
    bar?.registerStatusItem('jupyter-secure:status', {
      item: new StatusItem(security, () => void app.commands.execute(CommandIDs.openPanel)),
      align: 'left',
      rank: 5,
      isActive: () => security.configured,
      activeStateChanged
    });
  }
};

export const padlocks: JupyterFrontEndPlugin<IDefaultFileBrowserRenderer> = {
  id: 'jupyter-secure:padlocks',
  description: 'Draws signs beside locked files and sealed folders in the file browser.',
  autoStart: true,
  provides: IDefaultFileBrowserRenderer,
  requires: [ISecurity, ISealedFolders],
  activate: (_: JupyterFrontEnd, security: Security, folders: SealedFolders) =>
    new PadlockRenderer(
      path => security.lockOf(path),
      path => folders.isMarked(path)
    )
};

export const redraw: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-secure:redraw',
  description: 'Draws the file browsers again when a lock or a mark comes or goes.',
  autoStart: true,
  requires: [ISecurity, ISealedFolders, IFileBrowserFactory],
  activate: (
    _: JupyterFrontEnd,
    security: Security,
    folders: SealedFolders,
    browsers: IFileBrowserFactory
  ) => {
    const draw = (): void => browsers.tracker.forEach(browser => void browser.model.refresh());
    let before = '';
    security.changed.connect(() => {
      const locks = JSON.stringify(security.status?.locks ?? []);
      if (locks !== before) {
        before = locks;
        draw();
      }
    });
    folders.changed.connect(draw);
  }
};

export const toolbar: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-secure:toolbar',
  description: 'Adds the lock button to the notebook toolbar.',
  autoStart: true,
  requires: [ISecurity, IDocuments, IToolbarWidgetRegistry],
  activate: (
    app: JupyterFrontEnd,
    security: Security,
    documents: Documents,
    registry: IToolbarWidgetRegistry
  ) => {
    registry.addFactory<NotebookPanel>('Notebook', 'jupyter-secure-lock', (notebook): Widget => {
      const path = (): string => documents.pathOf(notebook);
      return new LockButton(
        security,
        () => security.lockOf(path()),
        anchor => {
          if (security.lockOf(path())?.mine === false) {
            // Another's lock: there is nothing to choose, so it is explained instead.
            app.shell.activateById(notebook.id);
            void app.commands.execute(CommandIDs.explainReadOnly);
          } else {
            openLockMenu(app.commands, path(), anchor);
          }
        }
      );
    });
  }
};
