import { PageConfig } from '@jupyterlab/coreutils';
import { afterEach, describe, expect, it } from 'vitest';

import { SecureDrive } from '../src/drive';
import { currentRole, describeLimits, mayManage, mayWrite } from '../src/roles';
import { FakeServer, json } from './helpers';

afterEach(() => {
  PageConfig.setOption('jupyterSecureRole', '');
});

describe('the role', () => {
  it.each([
    ['', null, true, false],
    ['emperor', null, true, false],
    ['owner', 'owner', true, true],
    ['editor', 'editor', true, false],
    ['viewer', 'viewer', false, false],
    ['auditor', 'auditor', false, false]
  ])('"%s" is %s, may write: %s, manage: %s', (said, role, write, manage) => {
    PageConfig.setOption('jupyterSecureRole', said);
    expect(currentRole()).toBe(role);
    expect(mayWrite()).toBe(write);
    expect(mayManage()).toBe(manage);
    expect(describeLimits() === '').toBe(write);
  });

  it('of a viewer makes every file read-only, so that no save is tried', async () => {
    const found = { name: 'a.ipynb', path: 'a.ipynb', type: 'notebook', writable: true };
    const times = { created: '2026-11-21T10:00:00Z', last_modified: '2026-11-21T10:00:00Z' };
    const model = { ...found, ...times, mimetype: null, content: null, format: null };
    const server = new FakeServer({ 'GET /api/contents/a.ipynb': json(200, model) });
    const drive = new SecureDrive(server.connection, server.settings);
    expect((await drive.get('a.ipynb', { content: false })).writable).toBe(true);
    PageConfig.setOption('jupyterSecureRole', 'viewer');
    expect((await drive.get('a.ipynb', { content: false })).writable).toBe(false);
  });
});
