import { Notification } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { Asking } from '../src/asking';
import type { Documents } from '../src/documents';
import type { Locking } from '../src/locking';
import { Saving } from '../src/saving';
import type { Security } from '../src/security';

const SAVE = 'docmanager:save';
let commands: CommandRegistry;
let logIn: ReturnType<typeof vi.fn>;
let passphrase: ReturnType<typeof vi.fn>;

function saving(isAskingToLogIn: boolean): Saving {
  const security = { changed: new Signal<object, void>({}), lockOf: () => null };
  return new Saving(
    security as unknown as Security,
    { isAskingToLogIn, logIn, passphrase } as unknown as Asking,
    { showing: () => [] } as unknown as Documents,
    {} as Locking,
    commands,
    () => undefined
  );
}

beforeEach(() => {
  Notification.dismiss();
  commands = new CommandRegistry();
  commands.addCommand(SAVE, { execute: () => undefined });
  logIn = vi.fn().mockResolvedValue(true);
  passphrase = vi.fn().mockResolvedValue(true);
});

describe('a save while nobody is logged in', () => {
  it('asks for a log-in when a person asked for the save', async () => {
    const help = saving(false);
    await commands.execute(SAVE);
    expect(await help.recover('a.ipynb', 'logged-out')).toBe(true);
    expect(logIn).toHaveBeenCalledWith('You are logged out. Log in to save a.ipynb.');
  });

  it('waits for the answer when the question is on the screen already', async () => {
    expect(await saving(true).recover('a.ipynb', 'logged-out')).toBe(true);
  });

  it('does not ask again by itself once it was refused', async () => {
    expect(await saving(false).recover('a.ipynb', 'logged-out')).toBe(false);
    expect(logIn).not.toHaveBeenCalled();
  });
});

describe('a save of a notebook that is sealed with a passphrase', () => {
  const REFUSED = { reason: 'passphrase-required' as const, message: 'Its passphrase.' };

  it('asks for the passphrase when a person asked for the save', async () => {
    const help = saving(false);
    await commands.execute(SAVE);
    expect(await help.recover('a.ipynb', REFUSED)).toBe(true);
    expect(passphrase).toHaveBeenCalledWith('a.ipynb');
  });

  it('only tells when JupyterLab saved by itself', async () => {
    expect(await saving(false).recover('a.ipynb', REFUSED)).toBe(false);
    expect(passphrase).not.toHaveBeenCalled();
    expect(Notification.manager.notifications[0].message).toContain('Its passphrase.');
  });
});

describe('a save that the server refuses for what it found', () => {
  it("shows the server's words and gives up", async () => {
    const help = saving(false);
    await commands.execute(SAVE);
    expect(await help.recover('a.ipynb', { reason: 'unchecked', message: 'Altered.' })).toBe(false);
    const dialog = await vi.waitFor(() => {
      const found = document.querySelector('.jp-Dialog');
      expect(found?.textContent).toContain('Altered.');
      return found as Element;
    });
    dialog.querySelector<HTMLElement>('.jp-Dialog-footer button')?.click();
  });
});
