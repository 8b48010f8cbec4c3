import { beforeEach, describe, expect, it, vi } from 'vitest';

import { ApiError } from '../../src/api';
import type { Asking } from '../../src/asking';
import type { Documents } from '../../src/documents';
import type { HistoryApi, IVersion, IVersions } from '../../src/history/api';
import { NotebookHistory } from '../../src/history/notebookHistory';
import type { RecordApi } from '../../src/record/api';
import { event, page } from '../record/events';
import { notebookOf } from './cells';

const PATH = 'lab/a.ipynb';

function version(number: number, change: Partial<IVersion> = {}): IVersion {
  return {
    ...{ number, at: '2026-11-21T10:00:00+00:00', account: 'alice', kind: 'manual' },
    ...{ size: 10, path: PATH, restored: null },
    ...change
  };
}

function list(fileVersion: number, ...numbers: number[]): IVersions {
  const versions = numbers.map(number => version(number));
  return { versions, truncated: false, file_version: fileVersion };
}

const api = { versions: vi.fn(), version: vi.fn(), compare: vi.fn(), restore: vi.fn() };
const record = { events: vi.fn() };
const documents = { showing: vi.fn(), reopen: vi.fn() };
let cancelled: boolean;
let history: NotebookHistory;

beforeEach(() => {
  cancelled = false;
  api.versions = vi.fn().mockResolvedValue(list(7, 3, 2, 1));
  api.version = vi.fn().mockResolvedValue(notebookOf());
  api.compare = vi.fn().mockResolvedValue({ before: notebookOf(), after: notebookOf(), diff: [] });
  api.restore = vi.fn().mockResolvedValue(undefined);
  record.events = vi.fn().mockResolvedValue(page([event(1)]));
  documents.showing = vi.fn().mockReturnValue([]);
  documents.reopen = vi.fn();
  const asking = {
    allowed: async <T>(_: string, __: string, action: () => Promise<T>) =>
      cancelled ? null : [await action()]
  };
  history = new NotebookHistory(PATH, {
    history: api as unknown as HistoryApi,
    record: record as unknown as RecordApi,
    asking: asking as unknown as Asking,
    documents: documents as unknown as Documents
  });
});

describe('the history of a notebook', () => {
  it('begins with the newest version', async () => {
    await history.load();
    expect(history.selected?.number).toBe(3);
    expect(api.version).toHaveBeenCalledWith(PATH, 3);
    expect(history.shown?.what).toBe('version');
  });

  it.each([
    [1, 3, [1, 3]],
    [3, 1, [1, 3]],
    [2, 'current' as const, [2, 'current']]
  ])('compares version %s with %s from the older to the newer', async (number, other, asked) => {
    await history.load();
    await history.select(number, other);
    expect(api.compare).toHaveBeenCalledWith(PATH, ...asked);
  });

  it('does not compare a version with itself', async () => {
    await history.load();
    await history.select(1, 2);
    await history.select(2);
    expect(history.other).toBe('current');
  });

  it('restores what was seen, and loads the open notebook afresh', async () => {
    await history.load();
    expect(await history.restore(version(1))).toBe(true);
    expect(api.restore).toHaveBeenCalledWith(PATH, 1, 7);
    expect(documents.reopen).toHaveBeenCalledWith(PATH);
  });

  it('saves first what is typed and not saved, so that it is a version too', async () => {
    const save = vi.fn().mockResolvedValue(undefined);
    documents.showing.mockReturnValue([{ context: { model: { dirty: true }, save } }]);
    await history.load();
    api.versions.mockResolvedValue(list(8, 4, 3, 2, 1));
    await history.restore(version(1));
    expect(save).toHaveBeenCalledOnce();
    expect(api.restore).toHaveBeenCalledWith(PATH, 1, 8);
  });

  it('changes nothing in the page when the file was saved meanwhile', async () => {
    await history.load();
    api.restore.mockRejectedValue(new ApiError(409, 'It was saved since.', 'conflict', null));
    expect(await history.restore(version(1))).toBe(false);
    expect(history.problem).toBe('It was saved since. Nothing was changed.');
    expect(documents.reopen).not.toHaveBeenCalled();
  });

  it('shows nothing of what is withheld', async () => {
    cancelled = true;
    await history.load();
    expect(history.versions).toBeNull();
    expect(history.problem).toContain('withheld');
  });

  it('asks what else happened only on demand, and for this path', async () => {
    await history.load();
    expect(record.events).not.toHaveBeenCalled();
    await history.tell(true);
    expect(record.events.mock.calls[0][0]).toMatchObject({ path: PATH });
    expect(history.events).toHaveLength(1);
  });
});
