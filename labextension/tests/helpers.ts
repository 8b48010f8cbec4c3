/** A server that is a table of answers, and the settings that lead to it. */
import { ServerConnection } from '@jupyterlab/services';
import { vi } from 'vitest';

import { SecureApi } from '../src/api';
import type { IMigration, IStatus } from '../src/answers';
import { Connection } from '../src/connection';

export interface ICall {
  method: string;
  path: string;
  body: string;
  xsrf: string | null;
}

export type Answer = Response | ((call: ICall) => Response);

export class FakeServer {
  readonly calls: ICall[] = [];
  readonly connection = new Connection();
  readonly settings: ServerConnection.ISettings;
  readonly api: SecureApi;

  /** Answers by "METHOD /path"; a list is used up one by one, its last entry stays. */
  constructor(readonly answers: Record<string, Answer | Answer[]>) {
    this.settings = this.connection.watch(
      ServerConnection.makeSettings({
        baseUrl: 'https://localhost:8888/',
        wsUrl: 'wss://localhost:8888/',
        fetch: this.fetch
      })
    );
    this.api = new SecureApi(this.settings);
  }

  called(key: string): number {
    return this.calls.filter(({ method, path }) => `${method} ${path}` === key).length;
  }

  private readonly fetch: typeof fetch = async input => {
    const request = input as Request;
    const call = {
      method: request.method,
      path: new URL(request.url).pathname,
      body: await request.clone().text(),
      xsrf: request.headers.get('X-XSRFToken')
    };
    this.calls.push(call);
    const key = `${call.method} ${call.path}`;
    const entry = this.answers[key];
    const answer = Array.isArray(entry) ? (entry.length > 1 ? entry.shift() : entry[0]) : entry;
    if (answer === undefined) {
      return json(404, { message: `Nothing at ${key}` });
    }
    return typeof answer === 'function' ? answer(call) : answer.clone();
  };
}

export function json(status: number, body: unknown, headers: HeadersInit = {}): Response {
  return new Response(status === 204 ? null : JSON.stringify(body), { status, headers });
}

/** What `fetch` gives for a redirect that was not followed. */
export function redirect(): Response {
  const response = new Response(null);
  Object.defineProperties(response, {
    type: { value: 'opaqueredirect' },
    status: { value: 0 },
    ok: { value: false },
    clone: { value: redirect }
  });
  return response;
}

export function makeStatus(change: Partial<IStatus> = {}): IStatus {
  return {
    configured: true,
    version: '0.1.0',
    level: 'ok',
    sentence: 'Protected',
    remedy: '',
    user: { username: 'alice', display_name: 'Alice' },
    session: { id: 's', seconds_left: 1620, idle_minutes: 60, elevated_seconds_left: 0 },
    vault: { open: true, sealed: 14, matching: 14, counted_all: true },
    protections: [
      {
        name: 'connection',
        label: 'Connection',
        level: 'ok',
        summary: 'TLS 1.3',
        sentence: '',
        remedy: ''
      }
    ],
    locks: [
      {
        path: 'payroll.ipynb',
        mode: 'private',
        owner: 'alice',
        mine: true,
        created_at: '2026-11-21T10:00:00+00:00'
      }
    ],
    ...change
  };
}

export function makeMigration(change: Partial<IMigration> = {}): IMigration {
  return {
    running: true,
    action: 'seal',
    path: '',
    dry_run: false,
    files_done: 0,
    files_total: 20,
    bytes_done: 0,
    bytes_total: 8_000_000,
    skipped: 0,
    stopped: false,
    failed: 0,
    failures: [],
    finished_at: null,
    ...change
  };
}

export const STATUS = 'GET /jupyter-secure/api/status';

/** Let every promise that can settle do so. */
export async function settle(): Promise<void> {
  await vi.waitFor(() => Promise.resolve());
  for (let i = 0; i < 20; i++) {
    await Promise.resolve();
  }
  await new Promise(resolve => setImmediate(resolve));
}
