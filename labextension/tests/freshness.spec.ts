import type { Contents } from '@jupyterlab/services';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Documents } from '../src/documents';
import { SecureDrive } from '../src/drive';
import { Freshness } from '../src/freshness';
import { isPlaceholder } from '../src/placeholder';
import { FakeServer, json } from './helpers';
import type { Answer } from './helpers';

const GET = 'GET /api/contents/a.ipynb';
const THEN = '2026-11-21T10:00:00Z';
const LATER = '2026-11-21T10:00:00.200Z';

function saved(when: string, content: string | null = null): Response {
  const model = { name: 'a.ipynb', path: 'a.ipynb', type: 'notebook', mimetype: null };
  const format = content === null ? null : 'json';
  return json(200, {
    ...model,
    created: THEN,
    last_modified: when,
    writable: true,
    content,
    format
  });
}

/** As much of a document as is looked at: it shows what it was last given. */
class Context {
  isDisposed = false;
  ready: Promise<void> = Promise.resolve();
  localPath = 'a.ipynb';
  model = { dirty: false, collaborative: false, cells: [{ executionState: 'idle' }] };
  file: Partial<Contents.IModel> = { type: 'notebook', last_modified: THEN };
  shows: unknown = 'old';

  /** A copy, as JupyterLab's is. */
  get contentsModel(): Partial<Contents.IModel> {
    return { ...this.file };
  }

  revert = vi.fn(async () => {
    const model = await drive.get(this.localPath, { type: 'notebook', content: true });
    this.shows = model.content;
    this.file = model;
  });
}

let server: FakeServer;
let drive: SecureDrive;
let context: Context;
let covered: boolean;
let ours: boolean;
let freshness: Freshness;

function open(...answers: Answer[]): void {
  server = new FakeServer({ [GET]: answers });
  drive = new SecureDrive(server.connection, server.settings);
  const documents = {
    all: [{ context }, { context }],
    isOurs: () => ours,
    isCovered: () => covered
  } as unknown as Documents;
  freshness = new Freshness(documents, drive, server.connection);
}

async function comeBack(): Promise<void> {
  document.dispatchEvent(new Event('visibilitychange'));
  window.dispatchEvent(new Event('focus'));
  await vi.advanceTimersByTimeAsync(200);
}

beforeEach(() => {
  vi.useFakeTimers();
  context = new Context();
  covered = false;
  ours = true;
});

afterEach(() => {
  freshness.dispose();
  vi.useRealTimers();
});

describe('a document that somebody comes back to', () => {
  it('is loaded afresh when its file is newer, once for all that show it', async () => {
    open(saved(LATER), saved(LATER, 'new'));
    await comeBack();
    expect(context.shows).toBe('new');
    expect(context.revert).toHaveBeenCalledOnce();
    // A look, and what it was given; nothing is loaded twice.
    expect(server.called(GET)).toBe(2);
    await comeBack();
    expect(context.revert).toHaveBeenCalledOnce();
  });

  it.each([THEN, '2026-11-21T09:00:00Z', 'not a time'])('stays at %s', async when => {
    open(saved(when));
    await comeBack();
    expect(server.called(GET)).toBe(1);
    expect(context.revert).not.toHaveBeenCalled();
  });

  it.each([
    ['is not saved', () => (context.model.dirty = true)],
    ['is kept fresh by others', () => (context.model.collaborative = true)],
    ['is being run', () => (context.model.cells[0].executionState = 'running')],
    ['is covered', () => (covered = true)],
    ['lies on another drive', () => (ours = false)],
    ['was closed', () => (context.isDisposed = true)]
  ])('is left alone where it %s', async (_, become) => {
    become();
    open(saved(LATER), saved(LATER, 'new'));
    await comeBack();
    expect(server.called(GET)).toBe(0);
    expect(context.shows).toBe('old');
  });

  it('keeps what is typed while the newer one is on its way', async () => {
    const type = (): Response => {
      context.model.dirty = true;
      return saved(LATER, 'new');
    };
    open(saved(LATER), type, saved(LATER, 'newest'));
    await comeBack();
    expect(context.revert).not.toHaveBeenCalled();
    // What was fetched is forgotten: the next to load it gets what is there by then.
    const model = await drive.get('a.ipynb', { type: 'notebook', content: true });
    expect(model.content).toBe('newest');
  });

  it('is left alone when it was saved here meanwhile', async () => {
    const save = (): Response => {
      context.file = { ...context.file, last_modified: LATER };
      return saved(LATER, 'new');
    };
    open(saved(LATER), save);
    await comeBack();
    expect(context.revert).not.toHaveBeenCalled();
  });

  it('is looked at once it is there, if it is loading', async () => {
    let load: () => void = () => undefined;
    context.ready = new Promise(resolve => (load = resolve));
    open(saved(LATER), saved(LATER, 'new'));
    await comeBack();
    expect(server.called(GET)).toBe(0);
    load();
    await vi.advanceTimersByTimeAsync(0);
    expect(context.shows).toBe('new');
  });

  it('is withheld if it was locked meanwhile', async () => {
    open(saved(LATER), json(423, { message: 'It is private.', reason: 'elevation-required' }));
    await comeBack();
    expect(isPlaceholder(context.shows)).toBe(true);
    expect(drive.withheld('a.ipynb')?.reason).toBe('elevation-required');
  });

  it.each([401, 404, 500])('stays, and no save asks for anything, at a %s', async status => {
    const recover = vi.fn();
    open(json(status, { message: 'No.' }));
    drive.saveHelp = { recover };
    await comeBack();
    await comeBack();
    expect(context.shows).toBe('old');
    expect(recover).not.toHaveBeenCalled();
  });

  it('is not asked for while nobody is logged in, or nobody looks', async () => {
    open(saved(LATER));
    const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    await comeBack();
    hidden.mockRestore();
    server.connection.sawLoggedOut();
    await comeBack();
    expect(server.called(GET)).toBe(0);
  });
});
