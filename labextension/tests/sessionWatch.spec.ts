import { Notification } from '@jupyterlab/apputils';
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Asking } from '../src/asking';
import { Connection } from '../src/connection';
import type { Security } from '../src/security';
import { SessionWatch } from '../src/sessionWatch';

const connection = { current: new Connection() };
let left: number | null;
let idleMinutes: number;
let activity: ReturnType<typeof vi.fn>;
let refresh: ReturnType<typeof vi.fn>;
let logIn: ReturnType<typeof vi.fn>;
let changed: Signal<object, void>;
let reconnect: ReturnType<typeof vi.fn>;
let requestIsComplete: ReturnType<typeof vi.fn>;
let lookWhatRuns: ReturnType<typeof vi.fn<() => Promise<unknown>>>;
let kernel: { isDisposed: boolean } & object & Record<string, unknown>;
let watch: SessionWatch;

beforeEach(() => {
  vi.useFakeTimers();
  Notification.dismiss();
  left = 1620;
  idleMinutes = 60;
  connection.current = new Connection();
  activity = vi.fn().mockResolvedValue(undefined);
  refresh = vi.fn().mockResolvedValue(undefined);
  logIn = vi.fn().mockResolvedValue(true);
  reconnect = vi.fn().mockResolvedValue(undefined);
  requestIsComplete = vi.fn().mockResolvedValue(undefined);
  changed = new Signal<object, void>({});
  const security = {
    api: { activity },
    refresh,
    changed,
    configured: true,
    connection: connection.current,
    get status() {
      return { session: { idle_minutes: idleMinutes } };
    },
    get secondsLeft() {
      return left;
    }
  } as unknown as Security;
  const shell = {
    widgets: () => [{ context: { sessionContext: { session: { kernel } } } }].values()
  } as unknown as JupyterFrontEnd.IShell;
  lookWhatRuns = vi.fn<() => Promise<unknown>>().mockResolvedValue(undefined);
  kernel = { connectionStatus: 'disconnected', isDisposed: false, reconnect, requestIsComplete };
  watch = new SessionWatch(security, { logIn } as unknown as Asking, shell, lookWhatRuns);
});

afterEach(() => {
  watch.dispose();
  vi.useRealTimers();
});

function press(): void {
  document.dispatchEvent(new KeyboardEvent('keydown', { key: 'a' }));
}

function messages(): string[] {
  return Notification.manager.notifications.map(({ message }) => message);
}

describe('reporting activity', () => {
  it('reports at most once a minute however much is typed', () => {
    for (let second = 0; second < 59; second++) {
      press();
      vi.advanceTimersByTime(1000);
    }
    expect(activity).toHaveBeenCalledTimes(1);
  });

  it('does not forget the last sign of life within a minute', () => {
    press();
    vi.advanceTimersByTime(1000);
    press();
    vi.advanceTimersByTime(60_000);
    expect(activity).toHaveBeenCalledTimes(2);
  });

  it('reports ten times within an idle limit that is shorter', () => {
    idleMinutes = 0.5;
    for (let second = 0; second < 29; second++) {
      press();
      vi.advanceTimersByTime(1000);
    }
    expect(activity).toHaveBeenCalledTimes(10);
  });

  it('is silent when nobody is there', () => {
    vi.advanceTimersByTime(600_000);
    expect(activity).not.toHaveBeenCalled();
  });
});

describe('the end of the session', () => {
  it('is announced five minutes before, and looked at when that moment comes', () => {
    changed.emit();
    expect(messages()).toEqual([]);
    vi.advanceTimersByTime((1620 - 300 + 2) * 1000);
    expect(refresh).toHaveBeenCalledOnce();
    left = 300;
    changed.emit();
    expect(messages()[0]).toMatch(/^Your session ends in 5.min/);
  });

  it('is no longer announced once the session was renewed', () => {
    left = 100;
    changed.emit();
    left = 3600;
    changed.emit();
    expect(messages()).toEqual([]);
  });

  it('asks for a log-in when staying is not enough', async () => {
    left = 100;
    await watch.stay();
    expect(activity).toHaveBeenCalled();
    expect(logIn).toHaveBeenCalledOnce();
  });

  it('asks for a log-in in place, and leaves a way back when that is refused', async () => {
    logIn.mockResolvedValue(false);
    connection.current.sawLoggedOut();
    await vi.advanceTimersByTimeAsync(0);
    expect(logIn).toHaveBeenCalledOnce();
    expect(messages()[0]).toContain('You are logged out');
  });

  it('brings the kernel connections back after the log-in, and their state', async () => {
    connection.current.sawLoggedOut();
    connection.current.sawLoggedIn();
    expect(reconnect).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(0);
    expect(lookWhatRuns).toHaveBeenCalledOnce();
    expect(reconnect).toHaveBeenCalledOnce();
    expect(requestIsComplete).toHaveBeenCalledOnce();
  });

  it('leaves alone what turns out to be gone', async () => {
    lookWhatRuns.mockImplementation(() => {
      kernel.isDisposed = true;
      return Promise.resolve();
    });
    connection.current.sawLoggedOut();
    connection.current.sawLoggedIn();
    await vi.advanceTimersByTimeAsync(0);
    expect(reconnect).not.toHaveBeenCalled();
  });
});
