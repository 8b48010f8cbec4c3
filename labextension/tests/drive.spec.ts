import { describe, expect, it, vi } from 'vitest';

import { SecureDrive } from '../src/drive';
import { isPlaceholder, makePlaceholder } from '../src/placeholder';
import { FakeServer, json } from './helpers';
import type { Answer } from './helpers';

const REFUSED = json(423, { message: 'It is private.', reason: 'elevation-required' });
const GET = 'GET /api/contents/payroll.ipynb';
const PUT = 'PUT /api/contents/payroll.ipynb';
const SAVED = json(200, {
  name: 'payroll.ipynb',
  path: 'payroll.ipynb',
  type: 'notebook',
  created: '2026-11-21T10:00:00Z',
  last_modified: '2026-11-21T10:00:00Z',
  writable: true,
  mimetype: null,
  content: null,
  format: null
});

function drive(answers: Record<string, Answer | Answer[]>): SecureDrive {
  const server = new FakeServer(answers);
  return new SecureDrive(server.connection, server.settings);
}

describe('opening a withheld file', () => {
  it('gives a read-only stand-in and remembers the reason', async () => {
    const own = drive({ [GET]: REFUSED });
    const model = await own.get('payroll.ipynb', { type: 'notebook', content: true });
    expect(model.writable).toBe(false);
    expect(isPlaceholder(model.content)).toBe(true);
    expect(own.withheld('payroll.ipynb')?.message).toBe('It is private.');
  });

  it('has exactly one raw cell, because JupyterLab would add a code cell to an empty list', () => {
    const model = makePlaceholder('a.ipynb', { type: 'notebook' });
    const content = model.content as { cells: { cell_type: string }[] };
    expect(content.cells.map(cell => cell.cell_type)).toEqual(['raw']);
  });

  it('forgets the reason once the file opens', async () => {
    const own = drive({ [GET]: [REFUSED, SAVED] });
    await own.get('payroll.ipynb', { content: true });
    await own.get('payroll.ipynb', { content: true });
    expect(own.withheld('payroll.ipynb')).toBeNull();
  });

  it('leaves other failures as they are', async () => {
    const own = drive({ [GET]: json(500, { message: 'Broken.' }) });
    await expect(own.get('payroll.ipynb', { content: true })).rejects.toThrow('Broken.');
  });
});

describe('the look at a file before it is saved', () => {
  const LOGGED_OUT = json(401, { message: 'You are not logged in.' });

  it('waits for a log-in when the session is gone, so that the save is not dropped', async () => {
    const own = drive({ [GET]: [LOGGED_OUT, SAVED] });
    const recover = vi.fn().mockResolvedValue(true);
    own.saveHelp = { recover };
    await expect(own.get('payroll.ipynb', { content: false })).resolves.toMatchObject({
      path: 'payroll.ipynb'
    });
    expect(recover).toHaveBeenCalledWith('payroll.ipynb', 'logged-out');
  });

  it('fails as a cancelled save when nobody logs in', async () => {
    const own = drive({ [GET]: LOGGED_OUT });
    own.saveHelp = { recover: vi.fn().mockResolvedValue(false) };
    await expect(own.get('payroll.ipynb', { content: false })).rejects.toMatchObject({
      name: 'ModalCancelError'
    });
  });

  it.each([
    ['a file that is opened', { content: true }],
    ['a folder', { content: false, type: 'directory' as const }]
  ])('does not ask for a log-in for %s', async (_, options) => {
    const own = drive({ [GET]: LOGGED_OUT });
    const recover = vi.fn().mockResolvedValue(true);
    own.saveHelp = { recover };
    await expect(own.get('payroll.ipynb', options)).rejects.toThrow('not logged in');
    expect(recover).not.toHaveBeenCalled();
  });
});

describe('saving', () => {
  it.each(['notebook', 'file'] as const)(
    'never writes the stand-in for a %s over the real file',
    async type => {
      const server = new FakeServer({ [PUT]: SAVED });
      const own = new SecureDrive(server.connection, server.settings);
      const model = makePlaceholder('payroll.ipynb', { type });
      await expect(own.save('payroll.ipynb', model)).rejects.toThrow('withheld');
      expect(server.called(PUT)).toBe(0);
    }
  );

  it('tries again after the person helped, with the same content', async () => {
    const own = drive({ [PUT]: [REFUSED, SAVED] });
    const recover = vi.fn().mockResolvedValue(true);
    own.saveHelp = { recover };
    await expect(own.save('payroll.ipynb', { content: {} })).resolves.toMatchObject({
      path: 'payroll.ipynb'
    });
    expect(recover).toHaveBeenCalledWith('payroll.ipynb', {
      reason: 'elevation-required',
      message: 'It is private.'
    });
  });

  it('asks for a log-in when the session is gone', async () => {
    const own = drive({ [PUT]: [json(401, {}), SAVED] });
    const recover = vi.fn().mockResolvedValue(true);
    own.saveHelp = { recover };
    await own.save('payroll.ipynb', { content: {} });
    expect(recover).toHaveBeenCalledWith('payroll.ipynb', 'logged-out');
  });

  it('fails as a cancelled save when nothing could be done, so that no second dialog shows', async () => {
    const own = drive({ [PUT]: REFUSED });
    own.saveHelp = { recover: vi.fn().mockResolvedValue(false) };
    await expect(own.save('payroll.ipynb', { content: {} })).rejects.toMatchObject({
      name: 'ModalCancelError'
    });
  });
});

describe('renaming', () => {
  const PATCH = 'PATCH /api/contents/payroll.ipynb';

  it('does not let a file that was tampered with pass for a name that is taken', async () => {
    const own = drive({ [PATCH]: json(409, { message: 'Another file.', reason: 'swapped' }) });
    const failed = own.rename('payroll.ipynb', 'b.ipynb');
    // JupyterLab would offer to overwrite b.ipynb.
    await expect(failed).rejects.toMatchObject({ message: 'Another file.' });
    await expect(failed).rejects.not.toMatchObject({ response: { status: 409 } });
  });

  it('leaves a name that is taken as it is', async () => {
    const own = drive({ [PATCH]: json(409, { message: 'It exists already.' }) });
    await expect(own.rename('payroll.ipynb', 'b.ipynb')).rejects.toMatchObject({
      response: { status: 409 }
    });
  });
});
