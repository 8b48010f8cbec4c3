/**
 * The events that somebody looks at: filtered, page by page, and kept up to date while they look.
 */
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { ANYTHING, IEvent, IEvents, IWanted, RecordApi } from './api';

const PAGE = 100;
/** So many that a page looks like one, and so many pages to come to them. */
const FEW = 20;
const MOST_PAGES = 5;
/** Each look is itself on record, so it is not taken more often than somebody would notice. */
const LOOK_EVERY_MS = 20_000;

export interface ISources {
  record: RecordApi;
  /** Whether there is someone to ask for, and something to ask. */
  ready: () => boolean;
}

export class Activity {
  constructor(
    private readonly sources: ISources,
    /** Whether somebody sees it: else nothing is asked. */
    private readonly isVisible: () => boolean,
    wanted: Partial<IWanted> = {}
  ) {
    this._wanted = { ...ANYTHING, ...wanted };
    this._poll = new Poll({
      auto: false,
      name: 'jupyter-secure:activity',
      factory: () => this.look(),
      frequency: { interval: LOOK_EVERY_MS, backoff: true, max: 300_000 },
      standby: () => (this.isVisible() && this.sources.ready() ? 'when-hidden' : true)
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get wanted(): IWanted {
    return this._wanted;
  }

  /** The newest first. What was started is left out where its outcome is there too. */
  get events(): IEvent[] {
    const events = withoutStarts(this._events);
    return this.leavesOut ? events.filter(event => !isByItself(event)) : events;
  }

  /** Whether what pages ask by themselves is left out; never of what was asked for. */
  get leavesOut(): boolean {
    return !this._all && this._wanted.what === '';
  }

  /** Show everything, or leave out what pages ask by themselves. */
  async showAll(all: boolean): Promise<void> {
    this._all = all;
    this._changed.emit();
    await this.fill();
  }

  /** Null until the first answer: whether these are everyone's events. */
  get everyone(): boolean | null {
    return this._everyone;
  }

  get hasMore(): boolean {
    return this._next !== null;
  }

  get busy(): boolean {
    return this._busy;
  }

  /** Why nothing new is shown; empty when all is well. */
  get problem(): string {
    return this._problem;
  }

  /** Begin to look, and go on as long as somebody does. */
  async start(): Promise<void> {
    await this.look(true);
    void this._poll.schedule({ interval: LOOK_EVERY_MS, phase: 'started' });
  }

  /** Ask for other events. */
  async filter(wanted: IWanted): Promise<void> {
    this._wanted = wanted;
    await this.look(true);
  }

  /** Look for what is new now; `afresh` forgets what was shown. */
  async look(afresh = false): Promise<void> {
    await this.ask(PAGE, null, page => {
      const newest = afresh ? 0 : (this._events[0]?.seq ?? 0);
      const fresh = page.events.filter(({ seq }) => seq > newest);
      // More than a page is new: what was shown no longer follows on it.
      const whole = newest === 0 || (fresh.length === page.events.length && page.next !== null);
      this._everyone = page.everyone;
      this._events = whole ? page.events : [...fresh, ...this._events];
      this._next = whole ? page.next : this._next;
    });
    await this.fill();
  }

  /** Add the page before what is shown. */
  async more(): Promise<void> {
    const before = this._next;
    if (before !== null) {
      await this.ask(PAGE, before, page => {
        this._events = [...this._events, ...page.events];
        this._next = page.next;
      });
    }
  }

  /** A page of nothing but what is left out would look like the end: some more are asked for. */
  private async fill(): Promise<void> {
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      if (this._busy || !this.leavesOut || !this.hasMore || this.events.length >= FEW) {
        return;
      }
      await this.more();
    }
  }

  dispose(): void {
    this._poll.dispose();
    Signal.clearData(this);
  }

  /** The answer to what is no longer asked is dropped. */
  private async ask(
    limit: number,
    before: number | null,
    take: (page: IEvents) => void
  ): Promise<void> {
    const wanted = this._wanted;
    this._busy = true;
    this._changed.emit();
    let problem = '';
    try {
      const page = await this.sources.record.events(wanted, limit, before);
      if (wanted === this._wanted) {
        take(page);
      }
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    if (wanted === this._wanted && !this._poll.isDisposed) {
      this._problem = problem;
      this._busy = false;
      this._changed.emit();
    }
  }

  private readonly _poll: Poll;
  private _wanted: IWanted;
  private _events: IEvent[] = [];
  private _next: number | null = null;
  private _all = false;
  private _everyone: boolean | null = null;
  private _busy = false;
  private _problem = '';
  private _changed = new Signal<this, void>(this);
}

/** A change is on record twice, before and after; alone, its start says that it was cut off. */
export function withoutStarts(events: IEvent[]): IEvent[] {
  const over = new Set(
    events.filter(({ outcome }) => outcome !== 'started').map(event => event.correlation)
  );
  return events.filter(
    ({ outcome, correlation }) => outcome !== 'started' || !correlation || !over.has(correlation)
  );
}

/** What a page asks every few seconds without anybody's doing; not where it was refused. */
function isByItself({ action, outcome }: IEvent): boolean {
  return outcome === 'success' && (action === 'request:read' || action === 'record:read');
}
