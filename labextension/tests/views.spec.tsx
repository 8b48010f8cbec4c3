import { Signal } from '@lumino/signaling';
import React, { act } from 'react';
import { createRoot } from 'react-dom/client';
import type { Root } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { IPathProtection, IStatus } from '../src/api';
import { Connection } from '../src/connection';
import type { Security } from '../src/security';
import { CoverView } from '../src/views/cover';
import type { ICoverActions } from '../src/views/cover';
import { PanelView } from '../src/views/panel';
import type { IPanelActions } from '../src/views/panel';
import { makeStatus } from './helpers';

let host: HTMLElement;
let root: Root;

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  host = document.body.appendChild(document.createElement('div'));
  root = createRoot(host);
});

afterEach(() => {
  act(() => root.unmount());
  host.remove();
});

function button(label: string): HTMLButtonElement {
  const found = [...host.querySelectorAll('button')].find(
    node => (node.getAttribute('aria-label') ?? node.textContent).trim() === label
  );
  if (!found) {
    throw new Error(`No button "${label}" in ${host.textContent}`);
  }
  return found;
}

function panel(
  status: IStatus | null,
  options: { current?: IPathProtection; problem?: string; loggedIn?: boolean } = {}
): IPanelActions {
  const connection = new Connection();
  if (options.loggedIn === false) {
    connection.sawLoggedOut();
  }
  const security = {
    status,
    problem: options.problem ?? '',
    configured: status?.configured ?? false,
    connection,
    secondsLeft: 1620
  } as Security;
  const actions: IPanelActions = {
    chooseLock: vi.fn(),
    unlock: vi.fn(),
    open: vi.fn(),
    lockAllAndLogOut: vi.fn(),
    logIn: vi.fn(),
    refresh: vi.fn(),
    sessions: vi.fn(),
    endSession: vi.fn()
  };
  const model = {
    security,
    current: () => options.current ?? null,
    changed: new Signal<object, void>({})
  };
  act(() => root.render(<PanelView model={model} actions={actions} />));
  return actions;
}

describe('the panel', () => {
  it('says only what to run when nothing is set up', () => {
    panel({
      configured: false,
      version: '0.1.0',
      level: 'warn',
      sentence: 'Not set up',
      remedy: 'Run `jupyter secure init` in a terminal, then restart the server.',
      protections: [],
      locks: []
    });
    expect(host.querySelector('code')?.textContent).toBe('jupyter secure init');
    expect(host.querySelectorAll('button')).toHaveLength(0);
  });

  it('announces the sentence and says each level in a word as well as in a colour', () => {
    panel(makeStatus());
    expect(host.querySelector('[role=status]')?.textContent).toBe('Protected');
    expect(host.querySelector('.jsec-Row')?.textContent).toContain('fine');
  });

  it('says a remedy once: in its row, unless the head says it', () => {
    const [row] = makeStatus().protections;
    const remedies = ['Renew it.', 'Save them.'];
    panel(
      makeStatus({
        level: 'warn',
        remedy: remedies[0],
        protections: remedies.map((remedy, i) => ({
          ...row,
          name: `row-${i}`,
          level: 'warn',
          sentence: 'A sentence for the head.',
          remedy
        }))
      })
    );
    for (const remedy of remedies) {
      expect(host.textContent.split(remedy)).toHaveLength(2);
    }
    expect(host.querySelector('.jsec-Head')?.textContent).toContain('Renew it.');
    expect(host.textContent).not.toContain('A sentence for the head.');
  });

  it('offers to unlock only what is mine', () => {
    const [lock] = makeStatus().locks;
    const actions = panel(
      makeStatus({ locks: [lock, { ...lock, path: 'b.ipynb', owner: 'bob', mine: false }] })
    );
    act(() => button('Unlock payroll.ipynb').click());
    expect(actions.unlock).toHaveBeenCalledWith('payroll.ipynb');
    expect(() => button('Unlock b.ipynb')).toThrow();
  });

  it('offers a lock for a notebook that has none', () => {
    const actions = panel(makeStatus(), {
      current: { path: 'dir/a.ipynb', sealed: true, lock: null }
    });
    expect(host.textContent).toContain('sealed · not locked');
    act(() => button('Lock ▾').click());
    expect(actions.chooseLock).toHaveBeenCalledWith('dir/a.ipynb', expect.any(HTMLElement));
  });

  it('offers a log-in, and nothing else, when the session is gone', () => {
    const actions = panel(makeStatus(), { loggedIn: false });
    act(() => button('Log in').click());
    expect(actions.logIn).toHaveBeenCalled();
    expect(host.querySelectorAll('button')).toHaveLength(1);
  });

  it('says so when the server could not be asked', () => {
    panel(null, { problem: 'The server part is not running.' });
    expect(host.textContent).toContain('The server part is not running.');
  });
});

describe('the cover', () => {
  function cover(reason: 'elevation-required' | 'locked' | 'sealed'): ICoverActions {
    const actions = {
      confirm: vi.fn().mockResolvedValue(undefined),
      logIn: vi.fn().mockResolvedValue(undefined),
      retry: vi.fn()
    };
    const refusal = { reason, message: 'Locked by bob. Ask bob to unlock it.' };
    act(() =>
      root.render(<CoverView path="a/payroll.ipynb" refusal={refusal} actions={actions} />)
    );
    return actions;
  }

  async function enter(code: string): Promise<void> {
    const input = host.querySelector('input') as HTMLInputElement;
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set;
    await act(async () => {
      set?.call(input, code);
      input.dispatchEvent(new Event('input', { bubbles: true }));
      await Promise.resolve();
    });
    await act(async () => {
      host.querySelector('form')?.requestSubmit();
      await Promise.resolve();
    });
  }

  it('has a field that phones and password managers know', () => {
    cover('elevation-required');
    const input = host.querySelector('input');
    expect(input?.getAttribute('autocomplete')).toBe('one-time-code');
    expect(input?.getAttribute('inputmode')).toBe('numeric');
    expect(input?.closest('label')?.textContent).toContain('Code');
  });

  it('confirms the code without the spaces around it', async () => {
    const actions = cover('elevation-required');
    await enter(' 123456 ');
    expect(actions.confirm).toHaveBeenCalledWith('123456');
  });

  it("shows the server's sentence for a wrong code and empties the field", async () => {
    const actions = cover('elevation-required');
    vi.mocked(actions.confirm).mockRejectedValue(new Error('That code is not right.'));
    await enter('000000');
    expect(host.querySelector('[role=alert]')?.textContent).toBe('That code is not right.');
    expect(host.querySelector('input')?.value).toBe('');
  });

  it("gives the reason for another's lock and asks for no code", () => {
    const actions = cover('locked');
    expect(host.textContent).toContain('Ask bob to unlock it.');
    expect(host.querySelector('input')).toBeNull();
    act(() => button('Try again').click());
    expect(actions.retry).toHaveBeenCalled();
  });

  it('offers a log-in for a sealed vault', () => {
    const actions = cover('sealed');
    act(() => button('Log in').click());
    expect(actions.logIn).toHaveBeenCalled();
  });
});
