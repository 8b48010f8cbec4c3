import { Signal } from '@lumino/signaling';
import React, { act } from 'react';
import { describe, expect, it, vi } from 'vitest';

import type { IMigration, IPathProtection, IStatus } from '../src/answers';
import { Connection } from '../src/connection';
import type { Security } from '../src/security';
import { PanelView } from '../src/views/panel';
import type { IPanelActions } from '../src/views/panel';
import { makeMigration, makeStatus } from './helpers';
import { usePlace } from './mounting';

const place = usePlace();
const { button } = place;

function panel(
  status: IStatus | null,
  options: {
    current?: IPathProtection;
    problem?: string;
    loggedIn?: boolean;
    run?: IMigration;
  } = {}
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
    endSession: vi.fn(),
    endSessions: vi.fn(),
    history: vi.fn(),
    deleted: vi.fn(),
    activity: vi.fn(),
    account: vi.fn(),
    users: vi.fn(),
    encryptAll: vi.fn(),
    review: vi.fn(),
    migration: { stop: vi.fn(), dismiss: vi.fn() }
  };
  const model = {
    security,
    current: () => options.current ?? null,
    migration: () => (options.run ? { run: options.run, stopping: false } : null),
    changed: new Signal<object, void>({})
  };
  place.render(<PanelView model={model} actions={actions} />);
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
    expect(place.host.querySelector('code')?.textContent).toBe('jupyter secure init');
    expect(place.host.querySelectorAll('button')).toHaveLength(0);
  });

  it('announces the sentence and says each level in a word as well as in a colour', () => {
    panel(makeStatus());
    expect(place.host.querySelector('[role=status]')?.textContent).toBe('Protected');
    expect(place.host.querySelector('.jsec-Row')?.textContent).toContain('fine');
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
      expect(place.host.textContent.split(remedy)).toHaveLength(2);
    }
    expect(place.host.querySelector('.jsec-Head')?.textContent).toContain('Renew it.');
    expect(place.host.textContent).not.toContain('A sentence for the head.');
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
    expect(place.host.textContent).toContain('sealed · not locked');
    act(() => button('Lock ▾').click());
    expect(actions.chooseLock).toHaveBeenCalledWith('dir/a.ipynb', expect.any(HTMLElement));
  });

  it('offers a log-in, and nothing else, when the session is gone', () => {
    const actions = panel(makeStatus(), { loggedIn: false });
    act(() => button('Log in').click());
    expect(actions.logIn).toHaveBeenCalled();
    expect(place.host.querySelectorAll('button')).toHaveLength(1);
  });

  it('says so when the server could not be asked', () => {
    panel(null, { problem: 'The server part is not running.' });
    expect(place.host.textContent).toContain('The server part is not running.');
  });

  it('says that a passphrase seals the notebook in view, and does not say it twice', () => {
    const [lock] = makeStatus().locks;
    panel(makeStatus(), {
      current: { path: 'a.ipynb', sealed: true, lock: { ...lock, mode: 'sealed' } }
    });
    expect(place.host.textContent).toContain('sealed with a passphrase · alice');
    expect(place.host.textContent).not.toContain('sealed · sealed');
  });

  describe('on encryption', () => {
    const row = { ...makeStatus().protections[0], name: 'encryption', label: 'Encryption' };

    it('offers to encrypt what is plain, and nothing when all is sealed', () => {
      const vault = { open: true, sealed: 14, matching: 20, counted_all: true };
      const actions = panel(makeStatus({ protections: [row], vault }));
      act(() => button('Encrypt all…').click());
      expect(actions.encryptAll).toHaveBeenCalledOnce();
      panel(makeStatus({ protections: [row] }));
      expect(() => button('Encrypt all…')).toThrow();
    });

    it('tells how many files are not as they were left, and leads to them', () => {
      const catalogue = { findings: 3, checked: 'whole' as const };
      const actions = panel(makeStatus({ protections: [row], catalogue }));
      expect(place.host.textContent).toContain('3\u00a0files are not as they were left.');
      act(() => button('Review').click());
      expect(actions.review).toHaveBeenCalledOnce();
    });

    it('does not tell it twice when the head of the panel tells it', () => {
      const sentence = '3 files are not as they were left';
      const catalogue = { findings: 3, checked: 'whole' as const };
      panel(makeStatus({ sentence, protections: [{ ...row, sentence }], catalogue }));
      const told = place.host.textContent.replaceAll('\u00a0', ' ').split('not as they were left');
      expect(told).toHaveLength(2);
      expect(button('Review')).toBeDefined();
    });

    it('leads there too when the record itself was changed', () => {
      const catalogue = { findings: 0, checked: 'altered' as const };
      panel(makeStatus({ protections: [row], catalogue }));
      expect(button('Review')).toBeDefined();
    });

    it('shows how far it is, to the eye and to a screen reader, and stops it', () => {
      const actions = panel(makeStatus({ protections: [row] }), {
        run: makeMigration({ files_done: 5, bytes_done: 2_000_000 })
      });
      const bar = place.host.querySelector('[role=progressbar]');
      expect(bar?.getAttribute('aria-valuenow')).toBe('25');
      expect(bar?.getAttribute('aria-valuetext')).toBe('5 of 20\u00a0files');
      expect(document.getElementById(bar?.getAttribute('aria-labelledby') ?? '')?.textContent).toBe(
        'Encrypting all folders'
      );
      act(() => button('Stop').click());
      expect(actions.migration.stop).toHaveBeenCalledOnce();
    });

    it('announces the result, names what failed and why, and goes when it is closed', () => {
      const actions = panel(makeStatus({ protections: [row] }), {
        run: makeMigration({
          running: false,
          files_done: 19,
          failed: 1,
          failures: [{ path: 'a/b.ipynb', message: 'The file is read-only.' }]
        })
      });
      const status = place.host.querySelector('.jsec-Run [role=status]');
      expect(status?.textContent).toBe('19\u00a0files are encrypted. 1\u00a0file could not be.');
      expect(place.host.querySelector('.jsec-Failures')?.textContent).toContain(
        'a/b.ipynb The file is read-only.'
      );
      act(() => button('Close').click());
      expect(actions.migration.dismiss).toHaveBeenCalledOnce();
    });
  });
});
