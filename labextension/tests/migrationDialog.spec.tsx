import { Dialog } from '@jupyterlab/apputils';
import React, { act } from 'react';
import { afterEach, describe, expect, it, vi } from 'vitest';

import type { IMigration, MigrationAction } from '../src/answers';
import { MigrationQuestion, confirmMigration } from '../src/views/migrationDialog';
import { makeMigration } from './helpers';
import { usePlace } from './mounting';

const place = usePlace();

async function ask(action: MigrationAction, count: Partial<IMigration>): Promise<boolean[]> {
  const seen: boolean[] = [];
  const counted = Promise.resolve(
    makeMigration({ action, dry_run: true, running: false, ...count })
  );
  const ready = (now: boolean): void => void seen.push(now);
  place.render(<MigrationQuestion action={action} counted={counted} ready={ready} />);
  await act(() => counted.then(() => undefined));
  return seen;
}

function text(): string {
  return place.host.textContent.replaceAll('\u00a0', ' ');
}

afterEach(() => {
  Dialog.tracker.forEach(dialog => dialog.dispose());
});

describe('what is shown before a folder is encrypted', () => {
  it('is how many files, how much, and how many need nothing', async () => {
    const ready = await ask('seal', { skipped: 3 });
    expect(text()).toContain('20 files, 8.0 MB, will be encrypted. 3 files are encrypted already.');
    expect(ready.at(-1)).toBe(true);
  });

  it('is that there is nothing to do, and then nothing can be started', async () => {
    const ready = await ask('seal', { files_total: 0 });
    expect(text()).toBe('There is nothing to do: what is here is encrypted already.');
    expect(ready.at(-1)).toBe(false);
  });

  it('is why it could not be counted', async () => {
    const counted = Promise.reject(new Error('The disk is away.'));
    const ready = vi.fn();
    place.render(<MigrationQuestion action="seal" counted={counted} ready={ready} />);
    await act(() => counted.catch(() => undefined));
    expect(place.host.querySelector('[role=alert]')?.textContent).toBe('The disk is away.');
    expect(ready).toHaveBeenLastCalledWith(false);
  });
});

describe('what is shown before a folder is decrypted', () => {
  it('wants it said that it is meant', async () => {
    const ready = await ask('open', {});
    expect(text()).toContain('every program that reads the disk');
    expect(ready.at(-1)).toBe(false);
    await act(async () => {
      place.host.querySelector<HTMLInputElement>('input[type=checkbox]')?.click();
      await Promise.resolve();
    });
    expect(ready.at(-1)).toBe(true);
  });

  it('is not started by Enter before that', async () => {
    vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', false);
    const answer = confirmMigration(
      'open',
      'data',
      Promise.resolve(makeMigration({ action: 'open' }))
    );
    const box = await vi.waitFor(() => {
      const found = document.querySelector<HTMLInputElement>('.jp-Dialog input[type=checkbox]');
      expect(found).not.toBeNull();
      return found as HTMLInputElement;
    });
    const doIt = document.querySelector<HTMLButtonElement>('.jsec-DoIt');
    expect(doIt?.disabled).toBe(true);
    box.focus();
    box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    expect(document.querySelector('.jp-Dialog')).not.toBeNull();
    box.click();
    await vi.waitFor(() => expect(doIt?.disabled).toBe(false));
    doIt?.click();
    expect(await answer).toBe(true);
    vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  });
});
