import { Notification } from '@jupyterlab/apputils';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Asking } from '../src/asking';
import { SealedFolders } from '../src/sealedFolders';
import { Security } from '../src/security';
import { FakeServer, json, makeStatus, STATUS } from './helpers';
import type { Answer } from './helpers';

const GET = 'GET /jupyter-secure/api/sealed-folders';
const PUT = 'PUT /jupyter-secure/api/sealed-folders/lab/data';
const DELETE = 'DELETE /jupyter-secure/api/sealed-folders/lab/data';

let server: FakeServer;
let asking: Asking;

async function folders(answers: Record<string, Answer | Answer[]>): Promise<SealedFolders> {
  server = new FakeServer({ [STATUS]: json(200, makeStatus()), ...answers });
  const security = new Security(server.api, server.connection);
  asking = new Asking(security);
  asking.code = vi.fn().mockResolvedValue(true);
  const own = new SealedFolders(security, asking);
  await security.refresh();
  await vi.waitFor(() => expect(server.called(GET)).toBeGreaterThan(0));
  // The answer is there when the question was asked, and taken in the next turn.
  await new Promise(resolve => setTimeout(resolve));
  return own;
}

beforeEach(() => {
  Notification.dismiss();
});

describe('the folders that are marked', () => {
  it('are known, and so is what lies in them', async () => {
    const own = await folders({ [GET]: json(200, { folders: ['lab/data'] }) });
    expect(own.isMarked('lab/data')).toBe(true);
    expect(own.above('lab/data/2026/11')).toBe('lab/data');
    expect([own.above('lab/data'), own.above('lab/database')]).toEqual([null, null]);
  });

  it('hold everything when the folder of everything is marked', async () => {
    const own = await folders({ [GET]: json(200, { folders: [''] }) });
    expect([own.above('lab'), own.above('')]).toEqual(['', null]);
  });

  it('are not asked for once more after each save', async () => {
    const own = await folders({ [GET]: json(200, { folders: [] }) });
    expect(own.isMarked('lab/data')).toBe(false);
    expect(server.called(GET)).toBe(1);
  });
});

describe('marking a folder', () => {
  it('marks it and says what that means', async () => {
    const after = [json(200, { folders: [] }), json(200, { folders: ['lab/data'] })];
    const own = await folders({ [GET]: after, [PUT]: json(204, {}) });
    await own.toggle('lab/data');
    expect(own.isMarked('lab/data')).toBe(true);
    expect(Notification.manager.notifications[0].message).toContain('lab/data/ is encrypted');
  });

  it('takes the mark away with a code', async () => {
    const refused = json(423, { message: 'Confirm.', reason: 'elevation-required' });
    const after = [json(200, { folders: ['lab/data'] }), json(200, { folders: [] })];
    const own = await folders({ [GET]: after, [DELETE]: [refused, json(204, {})] });
    await own.toggle('lab/data');
    expect(asking.code).toHaveBeenCalledOnce();
    expect(own.isMarked('lab/data')).toBe(false);
  });

  it('changes nothing without the code, and says why when the server refuses', async () => {
    const own = await folders({
      [GET]: json(200, { folders: ['lab/data'] }),
      [DELETE]: json(403, { message: 'Not yours.' })
    });
    await own.toggle('lab/data');
    expect(own.isMarked('lab/data')).toBe(true);
    expect(Notification.manager.notifications[0].message).toBe(
      'Nothing has changed for lab/data/. Not yours.'
    );
  });
});
