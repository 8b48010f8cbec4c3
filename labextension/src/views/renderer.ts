/**
 * A sign beside the name of each locked file, and each sealed folder, in the file browser.
 */
import { DirListing } from '@jupyterlab/filebrowser';
import { Contents } from '@jupyterlab/services';
import { LabIcon } from '@jupyterlab/ui-components';

import { ILock } from '../answers';
import { LOCK_WORDS } from '../words';
import { MODE_ICONS, sealedFolderIcon } from './icons';

const PADLOCK = 'jsec-Padlock';

type Rest =
  Parameters<DirListing.Renderer['updateItemNode']> extends [
    HTMLElement,
    Contents.IModel,
    ...infer R
  ]
    ? R
    : never;

interface ISign {
  /** What is drawn already need not be drawn again. */
  key: string;
  words: string;
  icon: LabIcon;
  /** The kind of lock, for whoever looks for it in the page. */
  kind: string;
}

export class PadlockRenderer extends DirListing.Renderer {
  constructor(
    private readonly lockOf: (path: string) => ILock | null,
    private readonly isSealedFolder: (path: string) => boolean
  ) {
    super();
  }

  override updateItemNode(node: HTMLElement, model: Contents.IModel, ...rest: Rest): void {
    super.updateItemNode(node, model, ...rest);
    const sign = this.signOf(model);
    const shown = node.querySelector<HTMLElement>(`.${PADLOCK}`);
    if (shown?.dataset.sign === sign?.key) {
      return;
    }
    // Nodes are reused for other files as the list scrolls and sorts.
    shown?.remove();
    if (sign) {
      const element = sign.icon.element({
        tag: 'span',
        className: PADLOCK,
        title: sign.words,
        stylesheet: 'listing'
      });
      element.setAttribute('role', 'img');
      element.setAttribute('aria-label', sign.words);
      element.dataset.lock = sign.kind;
      element.dataset.sign = sign.key;
      (this.getNameNode(node) as HTMLElement | null)?.after(element);
    }
  }

  private signOf(model: Contents.IModel): ISign | null {
    if (model.type === 'directory') {
      const words = 'Every new file in here is encrypted';
      return this.isSealedFolder(model.path)
        ? { key: 'folder', words, icon: sealedFolderIcon, kind: 'folder' }
        : null;
    }
    const lock = this.lockOf(model.path);
    return (
      lock && {
        key: `${lock.mode} ${lock.owner}`,
        words: `Locked: ${LOCK_WORDS[lock.mode].name}, by ${lock.owner}`,
        icon: MODE_ICONS[lock.mode],
        kind: lock.mode
      }
    );
  }
}
