/**
 * A padlock beside the name of each locked file in the file browser.
 */
import { DirListing } from '@jupyterlab/filebrowser';
import { Contents } from '@jupyterlab/services';

import { ILock } from '../api';
import { MODE_ICONS } from './icons';

const PADLOCK = 'jsec-Padlock';

type Rest =
  Parameters<DirListing.Renderer['updateItemNode']> extends [
    HTMLElement,
    Contents.IModel,
    ...infer R
  ]
    ? R
    : never;

export class PadlockRenderer extends DirListing.Renderer {
  constructor(private readonly lockOf: (path: string) => ILock | null) {
    super();
  }

  override updateItemNode(node: HTMLElement, model: Contents.IModel, ...rest: Rest): void {
    super.updateItemNode(node, model, ...rest);
    const lock = this.lockOf(model.path);
    const shown = node.querySelector<HTMLElement>(`.${PADLOCK}`);
    if (shown?.dataset.lock === lock?.mode && shown?.dataset.owner === lock?.owner) {
      return;
    }
    // Nodes are reused for other files as the list scrolls and sorts.
    shown?.remove();
    if (lock) {
      const words = `Locked: ${lock.mode}, by ${lock.owner}`;
      const sign = MODE_ICONS[lock.mode].element({
        tag: 'span',
        className: PADLOCK,
        title: words,
        stylesheet: 'listing'
      });
      sign.setAttribute('role', 'img');
      sign.setAttribute('aria-label', words);
      sign.dataset.lock = lock.mode;
      sign.dataset.owner = lock.owner;
      (this.getNameNode(node) as HTMLElement | null)?.after(sign);
    }
  }
}
