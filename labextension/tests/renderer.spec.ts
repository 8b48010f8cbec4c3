import type { Contents } from '@jupyterlab/services';
import { describe, expect, it } from 'vitest';

import type { ILock } from '../src/api';
import { PadlockRenderer } from '../src/views/renderer';
import { makeStatus } from './helpers';

const [LOCK] = makeStatus().locks;

function model(path: string): Contents.IModel {
  return {
    name: path,
    path,
    type: 'notebook',
    writable: true,
    created: '',
    last_modified: '',
    mimetype: '',
    content: null,
    format: null
  };
}

describe('the file browser', () => {
  it('shows a padlock that says what it means, beside locked files only', () => {
    const renderer = new PadlockRenderer(
      path => (path === LOCK.path ? LOCK : null),
      () => false
    );
    const node = renderer.createItemNode();
    renderer.updateItemNode(node, model(LOCK.path));
    expect(node.querySelector('[role=img]')?.getAttribute('aria-label')).toBe(
      'Locked: private, by alice'
    );
    renderer.updateItemNode(node, model('other.ipynb'));
    expect(node.querySelector('[role=img]')).toBeNull();
  });

  it('draws one padlock however often it draws, and the new one when the lock changes', () => {
    let lock: ILock = LOCK;
    const renderer = new PadlockRenderer(
      () => lock,
      () => false
    );
    const node = renderer.createItemNode();
    renderer.updateItemNode(node, model(LOCK.path));
    renderer.updateItemNode(node, model(LOCK.path));
    lock = { ...LOCK, mode: 'read-only' };
    renderer.updateItemNode(node, model(LOCK.path));
    const signs = [...node.querySelectorAll<HTMLElement>('[role=img]')];
    expect(signs.map(sign => sign.dataset.lock)).toEqual(['read-only']);
  });

  it('says what a lock with a passphrase is', () => {
    const renderer = new PadlockRenderer(
      () => ({ ...LOCK, mode: 'sealed' }),
      () => false
    );
    const node = renderer.createItemNode();
    renderer.updateItemNode(node, model(LOCK.path));
    expect(node.querySelector('[role=img]')?.getAttribute('aria-label')).toBe(
      'Locked: sealed with a passphrase, by alice'
    );
  });

  it('shows which folder encrypts every new file, and not a file of the same name', () => {
    const renderer = new PadlockRenderer(
      () => null,
      path => path === 'data'
    );
    const node = renderer.createItemNode();
    renderer.updateItemNode(node, { ...model('data'), type: 'directory' });
    const sign = node.querySelector<HTMLElement>('[role=img]');
    expect(sign?.title).toBe('Every new file in here is encrypted');
    renderer.updateItemNode(node, model('data'));
    expect(node.querySelector('[role=img]')).toBeNull();
  });
});
