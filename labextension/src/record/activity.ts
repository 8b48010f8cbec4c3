/**
 * The events that somebody looks at: filtered, page by page, and kept up to date while they look.
 */
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { Watching } from '../watching';
import { Arrivals } from './arrivals';
import { IGathered, gather } from './gather';
import { ANYTHING, ExportForm, IEvent, IEvents, IWanted, RecordApi } from './api';

const PAGE = 100;
/** So many that a page looks like one, and so many pages to come to them. */
const FEW = 20;
const MOST_PAGES = 5;
/** Where the server cannot tell. Each look is a request of its own, so it is not taken more often. */
const LOOK_EVERY_MS = 20_000;
/** Where it would have told: a connection may break without a word. */
const TRUST_SILENCE_MS = 300_000;

export interface ISources {
  record: RecordApi;
  /** Whether there is someone to ask for, and something to ask. */
  ready: () => boolean;
  /** Who tells that there is something new. */
  news: Pick<Watching, 'connected' | 'recordGrown'>;
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
      factory: () => (this.hearsOfAll ? Promise.resolve() : this.look()),
      frequency: { interval: LOOK_EVERY_MS, backoff: true, max: 300_000 },
      standby: () => (this.isVisible() && this.sources.ready() ? 'when-hidden' : true)
    });
    sources.news.recordGrown.connect(this._hear, this);
    document.addEventListener('visibilitychange', this.catchUp);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get wanted(): IWanted {
    return this._wanted;
  }

  /** The newest first. What was started is left out where its outcome is there too. */
  get events(): IEvent[] {
    return this.gathered.events;
  }

  /** The same, with how often what is shown once for many happened. */
  get gathered(): IGathered {
    const events = withoutStarts(this._events);
    return this.leavesOut
      ? gather(events.filter(event => !isByItself(event)))
      : { events, times: new Map() };
  }

  /** How many came while somebody looked on, for who cannot see it. */
  get arrivals(): Arrivals {
    return this._arrivals;
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

  /** Where what is asked for can be had as a file. */
  exportAddress(form: ExportForm): string {
    return this.sources.record.exportAddress(this._wanted, form);
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
    this._behind = false;
    this._lookedAt = Date.now();
    const known = !afresh && this._events.length > 0;
    // What comes while somebody looks on are a few; a page is asked for where they were more.
    if (!known || !(await this.ask(FEW, null, page => this.join(page)))) {
      await this.ask(PAGE, null, page => (known && this.join(page)) || this.begin(page));
    }
    await this.fill();
  }

  /** Somebody sees it again: look, if something may have come meanwhile. */
  readonly catchUp = (): void => {
    this._behind ||= !this.hearsOfAll;
    this.lookIfBehind();
  };

  private lookIfBehind(): void {
    const seen = !document.hidden && this.isVisible() && this.sources.ready();
    if (seen && this._behind && !this._busy && this._everyone !== null) {
      void this.look();
    }
  }

  /** Add the page before what is shown. */
  async more(): Promise<void> {
    const before = this._next;
    if (before !== null) {
      await this.ask(PAGE, before, page => {
        this._events = [...this._events, ...page.events];
        this._next = page.next;
        return true;
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
    this._arrivals.dispose();
    document.removeEventListener('visibilitychange', this.catchUp);
    Signal.clearData(this);
  }

  /** Whether whatever is new would be told; what pages ask by themselves never is. */
  private get hearsOfAll(): boolean {
    const fresh = Date.now() - this._lookedAt < TRUST_SILENCE_MS;
    return this.sources.news.connected && this.leavesOut && fresh;
  }

  private begin(page: IEvents): true {
    this._everyone = page.everyone;
    this._events = page.events;
    this._next = page.next;
    return true;
  }

  /** Put what is new before what is shown; false where it does not follow on it. */
  private join(page: IEvents): boolean {
    const newest = this._events[0]?.seq ?? 0;
    const fresh = page.events.filter(({ seq }) => seq > newest);
    if (fresh.length === page.events.length && page.next !== null) {
      return false;
    }
    this._everyone = page.everyone;
    this._events = [...fresh, ...this._events];
    this._arrivals.add(this.events.filter(({ seq }) => seq > newest).length);
    return true;
  }

  /** The answer to what is no longer asked is dropped. False: `take` could not take it. */
  private async ask(
    limit: number,
    before: number | null,
    take: (page: IEvents) => boolean
  ): Promise<boolean> {
    const wanted = this._wanted;
    this._busy = true;
    this._changed.emit();
    let problem = '';
    let taken = true;
    try {
      const page = await this.sources.record.events(wanted, limit, before);
      taken = wanted !== this._wanted || take(page);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    if (wanted === this._wanted && !this._poll.isDisposed) {
      this._problem = problem;
      this._busy = false;
      this._changed.emit();
      if (problem) {
        this._lookedAt = 0;
      } else if (taken) {
        this.lookIfBehind();
      }
    }
    return taken;
  }

  private readonly _hear = (): void => {
    this._behind = true;
    this.lookIfBehind();
  };

  private readonly _poll: Poll;
  private _wanted: IWanted;
  private _events: IEvent[] = [];
  private _next: number | null = null;
  private _all = false;
  private _everyone: boolean | null = null;
  private _busy = false;
  /** Whether there is something new that was not looked at. */
  private _behind = false;
  private _lookedAt = 0;
  private readonly _arrivals = new Arrivals(() => this._changed.emit());
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
