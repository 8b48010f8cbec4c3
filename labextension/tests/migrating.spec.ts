import { Notification } from '@jupyterlab/apputils';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { IMigration } from '../src/answers';
import { Asking } from '../src/asking';
import { Migrating } from '../src/migrating';
import type { Confirm } from '../src/migrating';
import { Security } from '../src/security';
import { FakeServer, json, makeMigration, makeStatus, STATUS } from './helpers';
import type { Answer } from './helpers';

const POST = 'POST /jupyter-secure/api/migration';
const GET = 'GET /jupyter-secure/api/migration';
const DELETE = 'DELETE /jupyter-secure/api/migration';
const ASKED = json(423, { message: 'Confirm.', reason: 'elevation-required' });

const COUNTED = makeMigration({ dry_run: true, running: false });
const DONE = makeMigration({ running: false, files_done: 20, finished_at: '2026-11-21T10:00:00Z' });

let server: FakeServer;

function migrating(answers: Record<string, Answer | Answer[]>, confirm: Confirm): Migrating {
  server = new FakeServer({ [STATUS]: json(200, makeStatus()), ...answers });
  const security = new Security(server.api, server.connection);
  const asking = new Asking(security);
  asking.code = vi.fn().mockResolvedValue(true);
  return new Migrating(security, asking, confirm);
}

const yes: Confirm = async (_, __, counted) => {
  await counted;
  return true;
};
const no: Confirm = () => Promise.resolve(false);

beforeEach(() => {
  sessionStorage.clear();
  Notification.dismiss();
});

describe('encrypting a folder', () => {
  it('counts first, and does nothing when that is declined', async () => {
    const own = migrating({ [POST]: json(202, COUNTED) }, no);
    await own.start('seal', 'data');
    expect(server.calls.filter(({ method }) => method === 'POST').map(call => call.body)).toEqual([
      JSON.stringify({ action: 'seal', path: 'data', dry_run: true })
    ]);
    expect(own.run).toBeNull();
  });

  it('stops a count that is not waited for', async () => {
    const running = makeMigration({ dry_run: true });
    const answers = { [POST]: json(202, running), [GET]: json(200, COUNTED) };
    const own = migrating({ ...answers, [DELETE]: json(204, {}) }, no);
    await own.start('seal', '');
    expect(server.called(DELETE)).toBe(1);
  });

  it('shows each step of it, and the result until it is put away', async () => {
    const half = makeMigration({ files_done: 10 });
    const own = migrating(
      { [POST]: [json(202, COUNTED), json(202, makeMigration())], [GET]: [half, DONE].map(toJson) },
      yes
    );
    const seen: (number | undefined)[] = [];
    own.changed.connect(() => seen.push(own.run?.files_done));
    await own.start('seal', '');
    expect(seen).toEqual([0, 10, 20, 20]);
    expect(own.run?.running).toBe(false);
    own.dismiss();
    expect(own.run).toBeNull();
  });

  it('goes on looking when a look fails, and takes a server that forgot it for its end', async () => {
    const own = migrating(
      {
        [POST]: [json(202, COUNTED), json(202, makeMigration({ files_done: 3 }))],
        [GET]: [json(500, { message: 'Busy.' }), json(200, { running: false })]
      },
      yes
    );
    await own.start('seal', '');
    expect(own.run).toMatchObject({ running: false, stopped: true, files_done: 3 });
  });

  it('says so, and why, when another one runs', async () => {
    const own = migrating({ [POST]: json(409, { message: 'One runs already.' }) }, yes);
    await own.start('seal', 'data');
    expect(Notification.manager.notifications[0].message).toBe(
      'Nothing in data/ was encrypted. One runs already.'
    );
  });

  it('asks for a code where the server wants one, and goes on with it', async () => {
    const own = migrating(
      { [POST]: [json(202, COUNTED), ASKED, json(202, { ...DONE, action: 'open' })] },
      yes
    );
    await own.start('open', '');
    expect(server.called(POST)).toBe(3);
    expect(own.run?.action).toBe('open');
  });
});

describe('a page that is loaded while it runs', () => {
  it('shows it', async () => {
    const own = migrating({ [GET]: [makeMigration({ files_done: 7 }), DONE].map(toJson) }, no);
    await own.join();
    expect(own.run?.files_done).toBe(20);
  });

  it('shows what ended meanwhile, if it was watched in this tab and not put away', async () => {
    const answers = { [POST]: [json(202, COUNTED), toJson(DONE)], [GET]: toJson(DONE) };
    await migrating(answers, yes).start('seal', '');
    const again = migrating(answers, no);
    await again.join();
    expect(again.run?.files_done).toBe(20);
    again.dismiss();
    const later = migrating(answers, no);
    await later.join();
    expect(later.run).toBeNull();
  });

  it.each([
    ['there was none', { running: false }],
    ['it is over', DONE],
    ['it is only counting', makeMigration({ dry_run: true })]
  ])('shows nothing when %s', async (_, answer) => {
    const own = migrating({ [GET]: json(200, answer) }, no);
    await own.join();
    expect(own.run).toBeNull();
  });
});

function toJson(body: IMigration): Response {
  return json(200, body);
}
