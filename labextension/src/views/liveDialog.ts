/**
 * A dialog whose body has buttons of its own and changes while it is open.
 *
 * JupyterLab's gives Enter to its own buttons wherever the focus is, and wraps the Tab key round to
 * what came first when it was opened, which may have gone by then.
 */
import { Dialog } from '@jupyterlab/apputils';

const FOCUSABLE = 'a[href], button:not(:disabled), input:not(:disabled), summary, [tabindex="0"]';

export class LiveDialog<T> extends Dialog<T> {
  override handleEvent(event: Event): void {
    if (event.type === 'keydown') {
      const { key, shiftKey } = event as KeyboardEvent;
      const inBody = (event.target as Element).closest('.jp-Dialog-body') !== null;
      if (key === 'Tab') {
        this._wrap(event, shiftKey);
        return;
      }
      if (inBody && key !== 'Escape') {
        return;
      }
    }
    super.handleEvent(event);
  }

  private _wrap(event: Event, backwards: boolean): void {
    const all = [...this.node.querySelectorAll<HTMLElement>(FOCUSABLE)];
    const [edge, other] = backwards ? [all[0], all[all.length - 1]] : [all[all.length - 1], all[0]];
    if (document.activeElement === edge) {
      event.preventDefault();
      event.stopPropagation();
      other.focus();
    }
  }
}
