import { Dialog } from '@jupyterlab/apputils';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { Asking } from '../src/asking';
import { Connection } from '../src/connection';
import { ApiError } from '../src/api';
import type { Security } from '../src/security';
import { makeStatus } from './helpers';

function make(passkey = false): { asking: Asking; security: Security } {
  const security = {
    connection: new Connection(),
    status: makeStatus(),
    elevate: vi.fn().mockResolvedValue(undefined),
    logIn: vi.fn().mockResolvedValue(undefined),
    hasPasskey: vi.fn().mockResolvedValue(passkey),
    elevateWithPasskey: vi.fn().mockResolvedValue(undefined),
    logInWithPasskey: vi.fn().mockResolvedValue(undefined)
  } as unknown as Security;
  return { asking: new Asking(security), security };
}

async function field(name: string): Promise<HTMLInputElement> {
  return vi.waitFor(() => {
    const input = document.querySelector<HTMLInputElement>(`.jsec-Form input[name=${name}]`);
    expect(input).not.toBeNull();
    return input as HTMLInputElement;
  });
}

function press(key: string): void {
  document
    .querySelector('.jp-Dialog')
    ?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
}

afterEach(() => {
  Dialog.tracker.forEach(dialog => dialog.dispose());
});

describe('asking for a code', () => {
  it('confirms it on Enter and closes', async () => {
    const { asking, security } = make();
    const answer = asking.code('Why.');
    (await field('code')).value = ' 123456 ';
    press('Enter');
    expect(await answer).toBe(true);
    expect(security.elevate).toHaveBeenCalledWith('123456');
    expect(document.querySelector('.jp-Dialog')).toBeNull();
  });

  it('stays open with the reason when the code is wrong', async () => {
    const { asking, security } = make();
    vi.mocked(security.elevate).mockRejectedValueOnce(new Error('That code is not right.'));
    const answer = asking.code('Why.');
    const input = await field('code');
    input.value = '000000';
    press('Enter');
    await vi.waitFor(() =>
      expect(document.querySelector('[role=alert]')?.textContent).toBe('That code is not right.')
    );
    expect(input.value).toBe('');
    press('Escape');
    expect(await answer).toBe(false);
  });

  it('sends nothing while the field is empty', async () => {
    const { asking, security } = make();
    const answer = asking.code('Why.');
    await field('code');
    press('Enter');
    press('Escape');
    expect(await answer).toBe(false);
    expect(security.elevate).not.toHaveBeenCalled();
  });

  it('is one dialog for all who ask at the same time', async () => {
    const { asking } = make();
    const answers = Promise.all([asking.code('Why.'), asking.code('Why.')]);
    await field('code');
    expect(document.querySelectorAll('.jp-Dialog')).toHaveLength(1);
    press('Escape');
    expect(await answers).toEqual([false, false]);
  });
});

describe('asking for a log-in', () => {
  it('keeps the page to the person whose work it shows', async () => {
    const { asking } = make();
    const answer = asking.logIn('Why.');
    const name = await field('username');
    expect([name.value, name.readOnly]).toEqual(['alice', true]);
    press('Escape');
    await answer;
  });

  it('tells password managers which field is which', async () => {
    const { asking } = make();
    const answer = asking.logIn('Why.');
    const kinds = ['username', 'password', 'code'].map(
      async name => (await field(name)).autocomplete
    );
    expect(await Promise.all(kinds)).toEqual(['username', 'current-password', 'one-time-code']);
    press('Escape');
    await answer;
  });

  it('closes by itself when the log-in happened in another tab', async () => {
    const { asking, security } = make();
    security.connection.sawLoggedOut();
    const answer = asking.logIn('Why.');
    await field('password');
    security.connection.sawLoggedIn();
    expect(await answer).toBe(true);
  });
});

describe('asking for a new passphrase', () => {
  async function fill(passphrase: string, again: string, kept: boolean): Promise<void> {
    (await field('newPassphrase')).value = passphrase;
    (await field('again')).value = again;
    (await field('kept')).checked = kept;
    press('Enter');
  }

  function told(): string | null | undefined {
    return document.querySelector('.jp-Dialog [role=alert]')?.textContent;
  }

  it('says first what a lost one means, the recovery key included', async () => {
    const { asking } = make();
    const answer = asking.newPassphrase('a.ipynb', vi.fn());
    await field('newPassphrase');
    const words = document.querySelector('.jsec-Form')?.textContent;
    expect(words).toMatch(/is lost.*is gone.*recovery key does not/);
    press('Escape');
    expect(await answer).toBe(false);
  });

  it('sends it only when both are the same and it is kept', async () => {
    const { asking } = make();
    const use = vi.fn().mockResolvedValue(undefined);
    const answer = asking.newPassphrase('a.ipynb', use);
    await fill('correct horse', 'correct house', true);
    expect(told()).toBe('The two are not the same.');
    await fill('correct horse', 'correct horse', false);
    expect(told()).toContain('tick the box');
    expect(use).not.toHaveBeenCalled();
    await fill('correct horse', 'correct horse', true);
    expect(await answer).toBe(true);
    expect(use).toHaveBeenCalledWith('correct horse');
  });

  it('shows that it is too weak and lets it be changed', async () => {
    const { asking } = make();
    const use = vi.fn().mockRejectedValue(new Error('That passphrase is too short.'));
    const answer = asking.newPassphrase('a.ipynb', use);
    await fill('short', 'short', true);
    await vi.waitFor(() => expect(told()).toBe('That passphrase is too short.'));
    expect(document.activeElement).toBe(await field('newPassphrase'));
    press('Escape');
    await answer;
  });
});

describe('doing what may take a secret', () => {
  const REFUSED = new ApiError(423, 'Its passphrase.', 'passphrase-required', null);

  it('asks for the passphrase of this file and does it then', async () => {
    const { asking, security } = make();
    const openLock = vi.fn().mockResolvedValue(undefined);
    Object.assign(security, { api: { openLock } });
    const action = vi.fn().mockRejectedValueOnce(REFUSED).mockResolvedValue(7);
    const answer = asking.allowed('a.ipynb', 'Why.', action);
    (await field('passphrase')).value = ' as typed ';
    press('Enter');
    expect(await answer).toEqual([7]);
    expect(openLock).toHaveBeenCalledWith('a.ipynb', ' as typed ');
  });

  it('does nothing when the question is cancelled', async () => {
    const { asking } = make();
    const action = vi.fn().mockRejectedValue(REFUSED);
    const answer = asking.allowed('a.ipynb', 'Why.', action);
    await field('passphrase');
    press('Escape');
    expect(await answer).toBeNull();
    expect(action).toHaveBeenCalledOnce();
  });
});

describe('a passkey in the place of a code', () => {
  async function offer(): Promise<HTMLButtonElement> {
    return vi.waitFor(() => {
      const button = document.querySelector<HTMLButtonElement>('.jsec-Form-offer');
      expect(button?.textContent).toBe('Use a passkey');
      return button as HTMLButtonElement;
    });
  }

  it('is offered to who has one, and confirms without a code', async () => {
    const { asking, security } = make(true);
    const answer = asking.code('Why.');
    (await offer()).click();
    expect(await answer).toBe(true);
    expect(security.elevateWithPasskey).toHaveBeenCalledOnce();
    expect(security.elevate).not.toHaveBeenCalled();
  });

  it('is not offered to who has none', async () => {
    const { asking } = make();
    const answer = asking.code('Why.');
    await field('code');
    await new Promise(resolve => setTimeout(resolve));
    expect(document.querySelector('.jsec-Form-offer')).toBeNull();
    press('Escape');
    expect(await answer).toBe(false);
  });

  it('is what Enter on its button means', async () => {
    const { asking, security } = make(true);
    const answer = asking.code('Why.');
    (await field('code')).value = '123456';
    const button = await offer();
    button.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    await new Promise(resolve => setTimeout(resolve));
    expect(security.elevate).not.toHaveBeenCalled();
    press('Escape');
    expect(await answer).toBe(false);
  });

  it('leaves the dialog open with the reason when it is not given', async () => {
    const { asking, security } = make(true);
    vi.mocked(security.elevateWithPasskey).mockRejectedValueOnce(new Error('No passkey.'));
    const answer = asking.code('Why.');
    (await offer()).click();
    await vi.waitFor(() =>
      expect(document.querySelector('[role=alert]')?.textContent).toBe('No passkey.')
    );
    press('Escape');
    expect(await answer).toBe(false);
  });

  it('needs the password, and no code, to log in again', async () => {
    const { asking, security } = make(true);
    const answer = asking.logIn('Why.');
    const button = await offer();
    button.click();
    expect(document.activeElement).toBe(await field('password'));
    (await field('password')).value = 'a password';
    button.click();
    expect(await answer).toBe(true);
    expect(security.logInWithPasskey).toHaveBeenCalledWith('alice', 'a password');
  });
});
