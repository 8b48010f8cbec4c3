/**
 * The plugins that show what happened: the view "Activity", the history of a notebook, and what was
 * deleted.
 */
import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Dialog, ICommandPalette, WidgetTracker, showDialog } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';

import { Asking } from '../asking';
import { CommandIDs } from '../commandIds';
import { Documents } from '../documents';
import { HistoryApi, IVersion } from '../history/api';
import { DeletedWidget } from '../history/deleted';
import { HistoryWidget, idOf } from '../history/historyView';
import { NotebookHistory } from '../history/notebookHistory';
import { Renderers } from '../history/render';
import { describeVersion } from '../history/words';
import { Activity } from '../record/activity';
import { ActivityWidget } from '../record/activityView';
import { RecordApi } from '../record/api';
import { mayRead } from '../roles';
import { Security } from '../security';
import { IAsking, IDocuments, ISecurity, IWatching } from '../tokens';
import { activityIcon, historyIcon } from '../views/icons';
import { Watching } from '../watching';
import { CATEGORY, DESCRIBED_BY, notebookMeant } from './commands';

/** Notebook 7 has room for one document in its main area; such a view stands beside it there. */
function place(shell: JupyterFrontEnd.IShell, lab: ILabShell | null, widget: Widget): void {
  shell.add(widget, lab ? 'main' : 'right', { rank: 700 });
}

export const activity: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-secure:activity',
  description: 'Adds the view of what is on record.',
  autoStart: true,
  requires: [ISecurity, IWatching],
  optional: [ILabShell, ILayoutRestorer, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    security: Security,
    news: Watching,
    lab: ILabShell | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null
  ) => {
    const tracker = new WidgetTracker<ActivityWidget>({ namespace: 'jupyter-secure-activity' });
    let widget: ActivityWidget | null = null;
    app.commands.addCommand(CommandIDs.showActivity, {
      label: 'Show Activity',
      caption: 'Who did what, to which file, and how it came out',
      icon: args => (args.isPalette ? undefined : activityIcon),
      isVisible: () => security.configured,
      isEnabled: () => security.configured,
      execute: () => {
        if (widget === null || widget.isDisposed) {
          const record = new RecordApi(security.api);
          const ready = (): boolean => security.configured && security.connection.loggedIn;
          const own = new Activity({ record, ready, news }, () => widget?.isVisible === true);
          widget = new ActivityWidget(own, security, activityIcon);
          place(app.shell, lab, widget);
          void tracker.add(widget);
          void own.start();
        }
        app.shell.activateById(widget.id);
      }
    });
    palette?.addItem({
      command: CommandIDs.showActivity,
      category: CATEGORY,
      args: { isPalette: true }
    });
    if (lab && restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.showActivity,
        name: () => 'activity'
      });
    }
  }
};

export const history: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-secure:history',
  description: 'Adds the versions of notebooks, and those that were deleted.',
  autoStart: true,
  requires: [
    ISecurity,
    IAsking,
    IDocuments,
    IDocumentManager,
    IRenderMimeRegistry,
    IEditorServices,
    NotebookPanel.IContentFactory
  ],
  optional: [ILabShell, IFileBrowserFactory, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    security: Security,
    asking: Asking,
    documents: Documents,
    manager: IDocumentManager,
    rendermime: IRenderMimeRegistry,
    editors: IEditorServices,
    contentFactory: NotebookPanel.IContentFactory,
    lab: ILabShell | null,
    browsers: IFileBrowserFactory | null,
    palette: ICommandPalette | null
  ) => {
    const { commands, shell } = app;
    const api = new HistoryApi(security.api);
    const record = new RecordApi(security.api);
    const renderers = new Renderers(rendermime, editors, contentFactory);
    const open = new Map<string, HistoryWidget>();
    let deleted: DeletedWidget | null = null;

    const restore = async (own: NotebookHistory, version: IVersion): Promise<void> => {
      const answer = await showDialog({
        title: `Restore version ${version.number} of ${PathExt.basename(own.path)}?`,
        body:
          `${describeVersion(version)}. ` +
          'What the notebook holds now is kept as a version too: nothing is lost.',
        buttons: [Dialog.cancelButton(), Dialog.okButton({ label: 'Restore' })]
      });
      if (answer.button.accept && (await own.restore(version))) {
        void security.refresh();
      }
    };
    const show = (path: string): void => {
      let widget = open.get(path);
      if (widget === undefined) {
        const own = new NotebookHistory(path, { history: api, record, asking, documents });
        widget = new HistoryWidget(
          { history: own, renderers, restore: version => void restore(own, version) },
          historyIcon
        );
        open.set(path, widget);
        // A save, here or in another tab, is a version more.
        const look = (_: unknown, change: { newValue: { path?: string } | null }): void => {
          if (change.newValue?.path === path) {
            void own.load();
          }
        };
        const { contents } = app.serviceManager;
        contents.fileChanged.connect(look);
        widget.disposed.connect(() => {
          contents.fileChanged.disconnect(look);
          open.delete(path);
        });
        place(shell, lab, widget);
        void own.load();
      }
      shell.activateById(idOf(path));
    };
    const meant = (args: Parameters<typeof notebookMeant>[0]): string | null =>
      security.configured && mayRead() ? notebookMeant(args, documents, browsers) : null;

    commands.addCommand(CommandIDs.showHistory, {
      label: 'History',
      caption: 'The versions of this notebook: look at one, compare, restore',
      icon: args => (args.isPalette ? undefined : historyIcon),
      isVisible: args => meant(args) !== null,
      isEnabled: args => meant(args) !== null,
      describedBy: DESCRIBED_BY,
      execute: args => {
        const path = meant(args);
        if (path !== null) {
          show(path);
        }
      }
    });
    commands.addCommand(CommandIDs.showDeleted, {
      label: 'Deleted Notebooks…',
      caption: 'Notebooks that were deleted and can be brought back',
      icon: args => (args.isPalette ? undefined : historyIcon),
      isVisible: () => security.configured && mayRead(),
      isEnabled: () => security.configured && mayRead(),
      execute: () => {
        // Each time anew, with what is deleted by then.
        deleted?.dispose();
        deleted = new DeletedWidget(
          {
            list: () => api.deleted(),
            undelete: async (one, options) => {
              const intro = `Enter a code to bring ${PathExt.basename(one.path)} back.`;
              const path = await asking.allowed(null, intro, () =>
                api.undelete(one.file_id, options)
              );
              void browsers?.tracker.currentWidget?.model.refresh();
              return path && path[0];
            },
            open: path => void manager.openOrReveal(path)
          },
          historyIcon
        );
        place(shell, lab, deleted);
        shell.activateById(deleted.id);
      }
    });
    for (const command of [CommandIDs.showHistory, CommandIDs.showDeleted]) {
      palette?.addItem({ command, category: CATEGORY, args: { isPalette: true } });
    }
  }
};
