import { Signal } from '@lumino/signaling';
import type { ServerConnection } from '@jupyterlab/services';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Connection } from '../src/connection';
import type { Security } from '../src/security';
import { Watching } from '../src/watching';

class Socket {
  static all: Socket[] = [];
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  onopen: (() => void) | null = null;
  closed = false;
  constructor(readonly url: string) {
    Socket.all.push(this);
  }
  close(): void {
    this.closed = true;
    this.onclose?.();
  }
}

let connection: Connection;
let changed: Signal<object, void>;
let refresh: ReturnType<typeof vi.fn>;
let configured: boolean;
let watching: Watching;

beforeEach(() => {
  vi.useFakeTimers();
  Socket.all = [];
  connection = new Connection();
  changed = new Signal<object, void>({});
  refresh = vi.fn().mockResolvedValue(undefined);
  configured = true;
  const security = {
    connection,
    changed,
    refresh,
    get configured() {
      return configured;
    }
  } as unknown as Security;
  watching = new Watching(security, {
    wsUrl: 'wss://localhost:8888/',
    WebSocket: Socket
  } as unknown as ServerConnection.ISettings);
});

afterEach(() => {
  watching.dispose();
  vi.useRealTimers();
});

describe('watching the session', () => {
  it('opens one socket, and none where nothing is set up', () => {
    configured = false;
    changed.emit();
    expect(Socket.all).toHaveLength(0);
    configured = true;
    changed.emit();
    changed.emit();
    expect(Socket.all.map(({ url }) => url)).toEqual([
      'wss://localhost:8888/jupyter-secure/api/watch'
    ]);
  });

  it.each(['session-ended', 'session-changed'])('looks at the server at once on %s', event => {
    changed.emit();
    Socket.all[0].onmessage?.({ data: JSON.stringify({ event }) });
    expect(refresh).toHaveBeenCalledOnce();
  });

  it('looks once more when the new cookie is there', () => {
    changed.emit();
    for (let times = 0; times < 2; times++) {
      Socket.all[0].onmessage?.({ data: '{"event": "session-changed"}' });
    }
    vi.advanceTimersByTime(10_000);
    expect(refresh).toHaveBeenCalledTimes(3);
  });

  it.each(['', 'null', '[]', '{"event": "other"}', '{'])('lets "%s" pass', data => {
    changed.emit();
    try {
      Socket.all[0].onmessage?.({ data });
    } catch (error) {
      expect(error).toBeNull();
    }
    expect(refresh).not.toHaveBeenCalled();
  });

  it('tells that the record has grown, also at each new connection, and looks at nothing', () => {
    const grown = vi.fn();
    watching.recordGrown.connect(grown);
    changed.emit();
    expect(watching.connected).toBe(false);
    Socket.all[0].onopen?.();
    expect(watching.connected).toBe(true);
    Socket.all[0].onmessage?.({ data: '{"event": "record-grown"}' });
    expect(grown).toHaveBeenCalledTimes(2);
    expect(refresh).not.toHaveBeenCalled();
    Socket.all[0].onclose?.();
    expect(watching.connected).toBe(false);
  });

  it('looks when the socket closes without a word, and waits longer each time', () => {
    changed.emit();
    Socket.all[0].onclose?.();
    expect(refresh).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(1000);
    expect(Socket.all).toHaveLength(2);
    Socket.all[1].onclose?.();
    vi.advanceTimersByTime(1000);
    expect(Socket.all).toHaveLength(2);
    vi.advanceTimersByTime(1000);
    expect(Socket.all).toHaveLength(3);
  });

  it('rests while nobody is logged in, and goes on after the log-in', () => {
    changed.emit();
    connection.sawLoggedOut();
    expect(Socket.all[0].closed).toBe(true);
    vi.advanceTimersByTime(120_000);
    expect(Socket.all).toHaveLength(1);
    connection.sawLoggedIn();
    expect(Socket.all).toHaveLength(2);
  });
});
