/**
 * The documents that are open in this page, and the covers over those that are withheld.
 */
import { IDocumentManager, IDocumentWidgetOpener } from '@jupyterlab/docmanager';
import { IDocumentWidget } from '@jupyterlab/docregistry';
import { MainAreaWidget } from '@jupyterlab/apputils';
import { JupyterFrontEnd } from '@jupyterlab/application';
import { MessageLoop } from '@lumino/messaging';
import { BoxLayout, Widget } from '@lumino/widgets';

import { IRefusal } from './connection';
import { SecureDrive } from './drive';
import { mayWrite } from './roles';

/** What is drawn over a withheld document. */
export type CoverFactory = (path: string, refusal: IRefusal) => Widget;

/** Notebook 7 gives each document a page of its own. */
export interface IOwnPage {
  reload(): void;
  leave(): void;
}

export class Documents {
  constructor(
    private readonly manager: IDocumentManager,
    private readonly shell: JupyterFrontEnd.IShell,
    private readonly drive: SecureDrive,
    private readonly ownPage: IOwnPage | null,
    private readonly makeCover: CoverFactory,
    opener: IDocumentWidgetOpener
  ) {
    opener.opened.connect((_, widget) => this.track(widget));
  }

  /** Every open document widget. */
  get all(): IDocumentWidget[] {
    return [...this._widgets];
  }

  /** The widgets that show this file, in any viewer. */
  showing(path: string): IDocumentWidget[] {
    return this.all.filter(widget => this.pathOf(widget) === path);
  }

  /** The server's name for the file that this widget shows. */
  pathOf(widget: IDocumentWidget): string {
    return this.manager.services.contents.localPath(widget.context.path);
  }

  /** The document a person is working in, if it lies on the server's own drive. */
  get current(): IDocumentWidget | null {
    const widget = this.shell.currentWidget as IDocumentWidget | null;
    const known = widget !== null && this._widgets.has(widget);
    return known && this.isOurs(widget) ? widget : null;
  }

  /** Whether its file lies on the server's own drive. */
  isOurs(widget: IDocumentWidget): boolean {
    return this.manager.services.contents.driveName(widget.context.path) === '';
  }

  isCovered(widget: IDocumentWidget): boolean {
    return this._covers.has(widget);
  }

  /** The files under a cover, with the reason for each. */
  get covered(): [string, IRefusal][] {
    return [...this._covers].map(([widget, refusal]) => [this.pathOf(widget), refusal]);
  }

  /**
   * Load this file afresh in every widget that shows it.
   *
   * What is unsaved in them is dropped without a question, so the caller has seen to it.
   * `context.revert()` would not do: it changes neither whether the file may be written nor
   * whether it may have a kernel.
   */
  reopen(path: string): void {
    const stale = this.showing(path);
    for (const { context } of stale) {
      context.model.dirty = false;
    }
    if (stale.length === 0) {
      return;
    }
    if (this.ownPage) {
      // Notebook 7 builds a page around its one document; a second one would build it twice.
      this.ownPage.reload();
      return;
    }
    const current = this.shell.currentWidget;
    const places = stale.map(widget => ({
      path: widget.context.path,
      factory: this.factoryOf(widget),
      active: widget === current,
      stand: this.markPlace(widget)
    }));
    // All of them go before the first comes back: they share a context, and it must go too.
    for (const widget of stale) {
      widget.dispose();
    }
    for (const { path, factory, active, stand } of places) {
      this.manager.open(path, factory, undefined, {
        ref: stand.id,
        mode: 'tab-before',
        activate: active
      });
      stand.dispose();
    }
  }

  /** Close this file in every widget that shows it; nothing of it is unsaved. */
  close(path: string): void {
    const open = this.showing(path);
    if (open.length && this.ownPage) {
      this.ownPage.leave();
      return;
    }
    for (const widget of open) {
      widget.close();
    }
  }

  private track(widget: IDocumentWidget): void {
    if (this._widgets.has(widget)) {
      return;
    }
    const { context } = widget;
    const look = (): void => this.coverIfWithheld(widget);
    this._widgets.add(widget);
    if (!mayWrite()) {
      // Who may not change a notebook may not run it either: no kernel is asked for, none refused.
      const { sessionContext } = context;
      sessionContext.kernelPreference = { ...sessionContext.kernelPreference, shouldStart: false };
    }
    // This signal comes before JupyterLab thinks of starting a kernel; `ready` would be too late.
    context.fileChanged.connect(look);
    void context.ready.then(look);
    widget.disposed.connect(() => {
      this._widgets.delete(widget);
      this._covers.delete(widget);
      context.fileChanged.disconnect(look);
    });
  }

  private coverIfWithheld(widget: IDocumentWidget): void {
    const refusal = widget.isDisposed ? null : this.drive.withheld(this.pathOf(widget));
    if (!refusal || this._covers.has(widget)) {
      return;
    }
    const { context } = widget;
    context.sessionContext.kernelPreference = {
      ...context.sessionContext.kernelPreference,
      shouldStart: false,
      canStart: false
    };
    this._covers.set(widget, refusal);
    void context.ready.then(() => {
      if (widget.isDisposed) {
        return;
      }
      // The stand-in under the cover is nobody's work: closing must not ask to save it.
      context.model.dirty = false;
      context.model.stateChanged.connect((model, change) => {
        if (change.name === 'dirty' && change.newValue === true) {
          model.dirty = false;
        }
      });
      this.drawCover(widget, this.makeCover(this.pathOf(widget), refusal));
    });
  }

  private drawCover(widget: IDocumentWidget, cover: Widget): void {
    if (widget instanceof MainAreaWidget && widget.layout instanceof BoxLayout) {
      // Hidden, not merely painted over: neither the keyboard nor a screen reader gets past it.
      widget.toolbar.hide();
      (widget.content as Widget).hide();
      widget.layout.addWidget(cover);
      BoxLayout.setStretch(cover, 1);
      // What is hidden cannot take the focus, and JupyterLab calls current what has it.
      MessageLoop.installMessageHook(widget, (_, message) => {
        if (message.type === Widget.Msg.ActivateRequest.type) {
          cover.activate();
          return false;
        }
        return true;
      });
      if (widget === this.shell.currentWidget) {
        cover.activate();
      }
    }
  }

  private factoryOf(widget: IDocumentWidget): string {
    const { path } = widget.context;
    const factories = this.manager.registry.preferredWidgetFactories(path);
    const own = factories.find(({ name }) => this.manager.findWidget(path, name) === widget);
    return own?.name ?? 'default';
  }

  /** An empty tab beside this one, so that the new tab can open in the same place. */
  private markPlace(widget: Widget): Widget {
    const stand = new Widget();
    stand.id = `${widget.id}-jsec-stand`;
    this.shell.add(stand, 'main', { ref: widget.id, mode: 'tab-after', activate: false });
    return stand;
  }

  private _widgets = new Set<IDocumentWidget>();
  private _covers = new Map<IDocumentWidget, IRefusal>();
}
