/**
 * One notebook's versions, what happened to it in between, and what of it somebody looks at.
 */
import type * as nbformat from '@jupyterlab/nbformat';
import { PathExt } from '@jupyterlab/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { ApiError } from '../api';
import { Asking } from '../asking';
import { Documents } from '../documents';
import { withoutStarts } from '../record/activity';
import { ANYTHING, IEvent, RecordApi } from '../record/api';
import { HistoryApi, IComparison, IVersion, IVersions } from './api';

/** What a version is compared with: another's number, or what the file holds now. */
export type Other = number | 'current';

export type Shown =
  | { what: 'version'; content: nbformat.INotebookContent }
  | { what: 'comparison'; comparison: IComparison };

export interface IHistorySources {
  history: HistoryApi;
  record: RecordApi;
  asking: Asking;
  documents: Documents;
}

/** Of the events, so many are merged with the versions. */
const EVENTS = 200;

export class NotebookHistory {
  constructor(
    readonly path: string,
    private readonly sources: IHistorySources
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The newest first; null until the first answer. */
  get versions(): IVersion[] | null {
    return this._list?.versions ?? null;
  }

  get truncated(): boolean {
    return this._list?.truncated === true;
  }

  /** What is on record about it, the newest first; null where it was not asked for. */
  get events(): IEvent[] | null {
    return this._events;
  }

  /** The version that is looked at. */
  get selected(): IVersion | null {
    return this._list?.versions.find(({ number }) => number === this._selected) ?? null;
  }

  /** What it is compared with; null where it is looked at by itself. */
  get other(): Other | null {
    return this._other;
  }

  get shown(): Shown | null {
    return this._shown;
  }

  get busy(): boolean {
    return this._busy;
  }

  get problem(): string {
    return this._problem;
  }

  /** What was done, in a sentence. */
  get said(): string {
    return this._said;
  }

  /** Ask for the list, and stay at the version that is looked at if it is still there. */
  async load(): Promise<void> {
    await this.run(async () => {
      await this.list();
      if (this.selected === null) {
        this._selected = this._list?.versions[0]?.number ?? null;
      }
      await this.show();
    });
  }

  async select(number: number, other: Other | null = this._other): Promise<void> {
    await this.run(async () => {
      this._selected = number;
      // A version is not compared with itself.
      this._other = other === number ? 'current' : other;
      this._said = '';
      await this.show();
    });
  }

  /** Ask what else is on record about this notebook, or put it away. */
  async tell(everything: boolean): Promise<void> {
    await this.run(async () => {
      this._events = everything ? [] : null;
      await this.story();
    });
  }

  /** Put a version back; false when a question on the way was cancelled. */
  async restore(version: IVersion): Promise<boolean> {
    const done = await this.run(async () => {
      const { history, asking, documents } = this.sources;
      const name = PathExt.basename(this.path);
      if (await this.saveOpen()) {
        await this.list();
      }
      const seen = this._list?.file_version ?? 0;
      const restored = await asking.allowed(this.path, `Enter a code to restore ${name}.`, () =>
        history.restore(this.path, version.number, seen)
      );
      if (!restored) {
        return false;
      }
      documents.reopen(this.path);
      await this.list();
      this._selected = this._list?.versions[0]?.number ?? null;
      this._other = null;
      this._said = `${name} is version ${version.number} again. What it was before is kept.`;
      await this.show();
      return true;
    });
    return done === true;
  }

  dispose(): void {
    this._disposed = true;
    Signal.clearData(this);
  }

  /** What is typed and not saved would be lost by loading the file afresh. */
  private async saveOpen(): Promise<boolean> {
    const open = this.sources.documents.showing(this.path);
    const unsaved = open.find(({ context }) => context.model.dirty);
    await unsaved?.context.save();
    return unsaved !== undefined;
  }

  private async list(): Promise<void> {
    const { history } = this.sources;
    const list = await this.allowed(() => history.versions(this.path));
    this._list = list ?? this._list;
    await this.story();
  }

  private async story(): Promise<void> {
    if (this._events !== null) {
      const page = await this.sources.record.events({ ...ANYTHING, path: this.path }, EVENTS);
      this._events = withoutStarts(page.events);
    }
  }

  private async show(): Promise<void> {
    const { history } = this.sources;
    const number = this._selected;
    const other = this._other;
    if (number === null) {
      this._shown = null;
      return;
    }
    if (other === null) {
      const content = await this.allowed(() => history.version(this.path, number));
      this._shown = content && { what: 'version', content };
      return;
    }
    // From the older one to the newer, whichever of the two was chosen first.
    const [from, to] =
      other === 'current' || other > number ? [number, other] : ([other, number] as const);
    const comparison = await this.allowed(() => history.compare(this.path, from, to));
    this._shown = comparison && { what: 'comparison', comparison };
  }

  private async allowed<T>(action: () => Promise<T>): Promise<T | null> {
    const intro = `Enter a code to see the versions of ${PathExt.basename(this.path)}.`;
    const answer = await this.sources.asking.allowed(this.path, intro, action);
    if (answer === null) {
      throw new Error('It is withheld until you confirm that it is you.');
    }
    return answer[0];
  }

  /** One after the other: a click meanwhile waits for what was asked before. */
  private run<T>(action: () => Promise<T>): Promise<T | null> {
    const turn = this._turn.then(async () => {
      if (this._disposed) {
        return null;
      }
      this._busy = true;
      this._problem = '';
      this._changed.emit();
      try {
        return await action();
      } catch (error) {
        this._problem = sentenceOf(error);
        return null;
      } finally {
        this._busy = false;
        this._changed.emit();
      }
    });
    this._turn = turn;
    return turn;
  }

  private _turn: Promise<unknown> = Promise.resolve();
  private _disposed = false;
  private _list: IVersions | null = null;
  private _events: IEvent[] | null = null;
  private _selected: number | null = null;
  private _other: Other | null = null;
  private _shown: Shown | null = null;
  private _busy = false;
  private _problem = '';
  private _said = '';
  private _changed = new Signal<this, void>(this);
}

function sentenceOf(error: unknown): string {
  if (error instanceof ApiError && error.status === 409 && error.reason === 'conflict') {
    return `${error.message} Nothing was changed.`;
  }
  return error instanceof Error ? error.message : String(error);
}
