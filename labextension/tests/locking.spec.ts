import { Dialog, Notification } from '@jupyterlab/apputils';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import type { ServiceManager } from '@jupyterlab/services';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ApiError } from '../src/api';
import { Asking } from '../src/asking';
import { Connection } from '../src/connection';
import type { Documents } from '../src/documents';
import { Locking } from '../src/locking';
import type { Security } from '../src/security';
import { makeStatus } from './helpers';

const PATH = 'payroll.ipynb';
const [LOCK] = makeStatus().locks;

interface IScene {
  dirty?: boolean;
  writable?: boolean;
  covered?: boolean;
  elevated?: false;
  mode?: 'private' | 'read-only' | 'sealed' | null;
  /** What is entered for a sealed lock; without it, the question is cancelled. */
  passphrase?: string;
  kernel?: 'idle' | 'busy';
}

/** A page with one open notebook; `done` is the order in which things happened. */
function scene(given: IScene = {}): { locking: Locking; done: string[]; code: () => boolean } {
  const done: string[] = [];
  const note =
    (name: string) =>
    (...args: unknown[]): Promise<void> => {
      done.push([name, ...args.filter(arg => typeof arg === 'string')].join(' '));
      return Promise.resolve();
    };
  const context = {
    path: PATH,
    model: { dirty: given.dirty ?? false, toJSON: () => ({}) },
    contentsModel: { type: 'notebook', format: 'json', writable: given.writable ?? true },
    sessionContext: { session: { kernel: { status: given.kernel ?? 'idle' } } },
    save: note('save')
  };
  const widget = { context } as unknown as IDocumentWidget;
  const unlock = vi.fn(note('unlock'));
  if (given.elevated === false) {
    unlock.mockRejectedValueOnce(new ApiError(423, 'Confirm.', 'elevation-required', null));
  }
  const api = { lock: note('lock'), unlock, logOut: note('log out') };
  const security = {
    refresh: () => Promise.resolve(),
    lockOf: () => (given.mode === null ? null : { ...LOCK, mode: given.mode ?? 'private' }),
    api
  } as unknown as Security;
  const documents = {
    all: [widget],
    showing: () => [widget],
    pathOf: () => PATH,
    isCovered: () => given.covered ?? false,
    reopen: note('reopen')
  } as unknown as Documents;
  const services = {
    contents: { save: note('write') },
    sessions: {
      refreshRunning: () => Promise.resolve(),
      running: () => [{ id: 'session-1', path: PATH }].values(),
      shutdown: note('stop')
    }
  } as unknown as ServiceManager.IManager;
  const code = vi.fn(() => true);
  const asking = new Asking({ connection: new Connection(), api } as unknown as Security);
  asking.code = () => Promise.resolve(code());
  asking.newPassphrase = async (_, use) => {
    if (given.passphrase === undefined) {
      return false;
    }
    await use(given.passphrase);
    return true;
  };
  return { locking: new Locking(security, asking, documents, services), done, code };
}

/** Press this button of the dialog that comes up. */
async function press(label: string): Promise<void> {
  const node = await vi.waitFor(() => {
    const found = [...document.querySelectorAll<HTMLElement>('.jp-Dialog button')].find(
      button => button.textContent === label
    );
    expect(found).toBeDefined();
    return found as HTMLElement;
  });
  node.click();
}

beforeEach(() => {
  Notification.dismiss();
});

afterEach(() => {
  Dialog.tracker.forEach(dialog => dialog.dispose());
});

describe('locking', () => {
  it('saves first, stops the kernel of a private notebook, and shows the result', async () => {
    const { locking, done } = scene({ dirty: true, mode: null });
    await locking.lock(PATH, 'private');
    expect(done).toEqual(['save', `lock ${PATH} private`, 'stop session-1', `reopen ${PATH}`]);
  });

  it('leaves the kernel of a read-only notebook alone', async () => {
    const { locking, done } = scene({ mode: null });
    await locking.lock(PATH, 'read-only');
    expect(done).toEqual([`lock ${PATH} read-only`, `reopen ${PATH}`]);
  });

  it('seals with a new passphrase, and stops the kernel as for a private one', async () => {
    const { locking, done } = scene({ mode: null, passphrase: 'correct horse' });
    await locking.lock(PATH, 'sealed');
    expect(done).toEqual([`lock ${PATH} sealed correct horse`, 'stop session-1', `reopen ${PATH}`]);
  });

  it('leaves everything as it is when no passphrase is given', async () => {
    const { locking, done } = scene({ mode: null });
    await locking.lock(PATH, 'sealed');
    expect(done).toEqual([]);
  });

  it('does not lock what has changes that cannot be saved, and says so', async () => {
    const { locking, done } = scene({ dirty: true, writable: false, mode: null });
    await locking.lock(PATH, 'private');
    expect(done).toEqual([]);
    expect(Notification.manager.notifications[0].message).toContain('Save a copy');
  });

  it('asks before it stops a running cell', async () => {
    const { locking, done } = scene({ kernel: 'busy', mode: null });
    const locked = locking.lock(PATH, 'private');
    await press('Cancel');
    await locked;
    expect(done).toEqual([]);
  });
});

describe('unlocking', () => {
  it('asks for no code when one was given before, in whichever tab', async () => {
    const { locking, done, code } = scene({ covered: true });
    await locking.unlock(PATH);
    expect(code).not.toHaveBeenCalled();
    expect(done).toEqual([`unlock ${PATH}`, `reopen ${PATH}`]);
  });

  it('asks for a code when the server wants one, and stops when it is not given', async () => {
    const { locking, done, code } = scene({ elevated: false, covered: true });
    vi.mocked(code).mockReturnValue(false);
    await locking.unlock(PATH);
    expect(done).toEqual([]);
  });

  it('goes on with the right code', async () => {
    const { locking, done, code } = scene({ elevated: false, covered: true });
    await locking.unlock(PATH);
    expect(code).toHaveBeenCalledOnce();
    expect(done).toEqual([`unlock ${PATH}`, `reopen ${PATH}`]);
  });

  it('does not touch a private notebook that its owner is working in', async () => {
    const { locking, done } = scene({ dirty: true });
    await locking.unlock(PATH);
    expect(done).toEqual([`unlock ${PATH}`]);
  });

  it.each([
    ['Save', [`unlock ${PATH}`, `write ${PATH}`, `reopen ${PATH}`]],
    ['Discard', [`unlock ${PATH}`, `reopen ${PATH}`]],
    ['Cancel', []]
  ])('with unsaved changes in a read-only notebook: %s', async (label, expected) => {
    const { locking, done } = scene({ mode: 'read-only', writable: false, dirty: true });
    const unlocked = locking.unlock(PATH);
    await press(label);
    await unlocked;
    expect(done).toEqual(expected);
  });
});

describe('locking everything and logging out', () => {
  it('does not log out when something could not be saved', async () => {
    const { locking, done } = scene({ mode: 'read-only', writable: false, dirty: true });
    const finished = locking.lockAllAndLogOut();
    await press('Lock all and log out');
    await finished;
    expect(done).toEqual([]);
    expect(Notification.manager.notifications[0].message).toContain('still logged in');
  });
});
