import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Activity, withoutStarts } from '../../src/record/activity';
import { ANYTHING, RecordApi } from '../../src/record/api';
import type { IEvents } from '../../src/record/api';
import { event, page } from './events';

let events: ReturnType<typeof vi.fn<RecordApi['events']>>;
let activity: Activity;
let visible: boolean;
let news: { connected: boolean; recordGrown: Signal<object, void> };

beforeEach(() => {
  vi.useFakeTimers();
  visible = true;
  news = { connected: true, recordGrown: new Signal<object, void>({}) };
  events = vi.fn<RecordApi['events']>();
  const record = { events } as unknown as RecordApi;
  activity = new Activity({ record, ready: () => true, news: news as never }, () => visible);
});

afterEach(() => {
  activity.dispose();
  vi.useRealTimers();
});

function numbers(): number[] {
  return activity.events.map(({ seq }) => seq);
}

describe('the activity', () => {
  it('shows the newest, and adds the page before', async () => {
    await activity.showAll(true);
    events.mockResolvedValueOnce(page([event(4), event(3)], 3));
    await activity.look(true);
    expect(activity.hasMore).toBe(true);
    events.mockResolvedValueOnce(page([event(2), event(1)]));
    await activity.more();
    expect(events).toHaveBeenLastCalledWith(ANYTHING, 100, 3);
    expect(numbers()).toEqual([4, 3, 2, 1]);
    expect(activity.hasMore).toBe(false);
  });

  it('puts what is new before what is shown', async () => {
    events.mockResolvedValueOnce(page([event(2), event(1)]));
    await activity.look(true);
    events.mockResolvedValueOnce(page([event(3), event(2), event(1)]));
    await activity.look();
    expect(numbers()).toEqual([3, 2, 1]);
  });

  it('begins anew when more came than a page, so that no gap is shown as none', async () => {
    await activity.showAll(true);
    events.mockResolvedValueOnce(page([event(2), event(1)]));
    await activity.look(true);
    events.mockResolvedValueOnce(page([event(90)], 90));
    events.mockResolvedValueOnce(page([event(90), event(89)], 89));
    await activity.look();
    expect(numbers()).toEqual([90, 89]);
    expect(activity.hasMore).toBe(true);
  });

  it('drops the answer to what is no longer asked', async () => {
    let answer: (page: IEvents) => void = () => undefined;
    events.mockReturnValueOnce(new Promise(resolve => (answer = resolve)));
    const first = activity.look(true);
    events.mockResolvedValueOnce(page([event(7, { username: 'bob' })]));
    await activity.filter({ ...ANYTHING, who: 'bob' });
    answer(page([event(9)]));
    await first;
    expect(numbers()).toEqual([7]);
  });

  it('keeps what is shown when the server does not answer, and says so', async () => {
    events.mockResolvedValueOnce(page([event(1)]));
    await activity.look(true);
    events.mockRejectedValueOnce(new Error('No connection.'));
    await activity.look();
    expect(numbers()).toEqual([1]);
    expect(activity.problem).toBe('No connection.');
  });

  it('leaves out what pages ask by themselves, unless it is asked for or was refused', async () => {
    const [asked, read] = ['request:read', 'record:read'];
    const refused = event(2, { action: asked, outcome: 'refused' });
    const noise = [event(4, { action: asked }), event(3, { action: read })];
    events.mockResolvedValue(page([...noise, refused, event(1)]));
    await activity.look(true);
    expect(numbers()).toEqual([2, 1]);
    await activity.showAll(true);
    expect(numbers()).toEqual([4, 3, 2, 1]);
    await activity.showAll(false);
    await activity.filter({ ...ANYTHING, what: 'record:*' });
    expect(numbers()).toEqual([4, 3, 2, 1]);
  });

  it('gathers what a role is refused over and over, where it began, and no other refusal', async () => {
    const refused = {
      action: 'request:refuse',
      outcome: 'refused',
      reason: 'not-allowed'
    } as const;
    const list = { ...refused, path: '', target: 'api/sessions' };
    events.mockResolvedValue(
      page([
        event(9, { ...list, session: '' }),
        event(8, list),
        event(7, { ...refused, action: 'file:open' }),
        event(6, { ...list, session: 'another' }),
        event(5, { ...list, target: 'api/contents' }),
        event(4, list),
        event(3, { ...list, session: '' }),
        event(2, list)
      ])
    );
    await activity.look(true);
    expect(numbers()).toEqual([9, 7, 6, 5, 3, 2]);
    expect([...activity.gathered.times]).toEqual([[2, 3]]);
    await activity.showAll(true);
    expect(numbers()).toHaveLength(8);
    expect(activity.gathered.times.size).toBe(0);
  });

  it('goes on to earlier ones where a page holds nothing else', async () => {
    events.mockResolvedValueOnce(page([event(4, { action: 'request:read' })], 4));
    events.mockResolvedValueOnce(page([event(3)]));
    await activity.look(true);
    expect(numbers()).toEqual([3]);
  });

  it('keeps all that is shown when more came than a few', async () => {
    await activity.showAll(true);
    events.mockResolvedValueOnce(page([event(2), event(1)]));
    await activity.look(true);
    events.mockResolvedValueOnce(page([event(4)], 4));
    events.mockResolvedValueOnce(page([event(4), event(3), event(2), event(1)]));
    await activity.look();
    expect(numbers()).toEqual([4, 3, 2, 1]);
  });

  it('asks nothing while nobody looks', async () => {
    events.mockResolvedValue(page([]));
    await activity.start();
    const asked = events.mock.calls.length;
    visible = false;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(events.mock.calls.length).toBeLessThanOrEqual(asked + 1);
  });
});

describe('what comes while somebody looks on', () => {
  beforeEach(async () => {
    events.mockResolvedValueOnce(page([event(1)]));
    await activity.start();
    events.mockClear();
    events.mockResolvedValue(page([event(2), event(1)]));
  });

  it('is there as soon as the server tells of it', async () => {
    news.recordGrown.emit();
    await vi.advanceTimersByTimeAsync(0);
    expect(events).toHaveBeenCalledExactlyOnceWith(ANYTHING, 20, null);
    expect(numbers()).toEqual([2, 1]);
  });

  it('is asked for again when it was told of during a look, and not without end', async () => {
    let answer: (page: IEvents) => void = () => undefined;
    events.mockReturnValueOnce(new Promise(resolve => (answer = resolve)));
    news.recordGrown.emit();
    news.recordGrown.emit();
    news.recordGrown.emit();
    expect(events).toHaveBeenCalledTimes(1);
    answer(page([event(1)]));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(events).toHaveBeenCalledTimes(2);
    expect(numbers()).toEqual([2, 1]);
  });

  it('is not asked for now and then as long as the server would tell', async () => {
    await vi.advanceTimersByTimeAsync(240_000);
    expect(events).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(events).toHaveBeenCalledTimes(1);
  });

  it('is asked for now and then where the server cannot tell', async () => {
    news.connected = false;
    await vi.advanceTimersByTimeAsync(41_000);
    expect(events).toHaveBeenCalledTimes(2);
  });

  it('is asked for now and then where it holds what is never told', async () => {
    await activity.showAll(true);
    await vi.advanceTimersByTimeAsync(41_000);
    expect(events).toHaveBeenCalledTimes(2);
  });

  it('waits until somebody sees it', async () => {
    visible = false;
    news.recordGrown.emit();
    await vi.advanceTimersByTimeAsync(100);
    expect(events).not.toHaveBeenCalled();
    visible = true;
    activity.catchUp();
    await vi.advanceTimersByTimeAsync(0);
    expect(numbers()).toEqual([2, 1]);
    activity.catchUp();
    expect(events).toHaveBeenCalledTimes(1);
  });

  it('is looked for when somebody comes back to the page', async () => {
    const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    news.recordGrown.emit();
    expect(events).not.toHaveBeenCalled();
    hidden.mockRestore();
    document.dispatchEvent(new Event('visibilitychange'));
    await vi.advanceTimersByTimeAsync(0);
    expect(numbers()).toEqual([2, 1]);
  });

  it('is asked for again soon after a failure, and not at once', async () => {
    events.mockRejectedValueOnce(new Error('No connection.'));
    news.recordGrown.emit();
    await vi.advanceTimersByTimeAsync(1000);
    expect(events).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(numbers()).toEqual([2, 1]);
  });

  it('is nothing to a view that is gone', () => {
    activity.dispose();
    news.recordGrown.emit();
    document.dispatchEvent(new Event('visibilitychange'));
    expect(events).not.toHaveBeenCalled();
  });

  it('is counted for who cannot see it, now and then and together', async () => {
    expect(activity.arrivals.text).toBe('');
    news.recordGrown.emit();
    await vi.advanceTimersByTimeAsync(0);
    expect(activity.arrivals).toMatchObject({ text: '1 new event', number: 1 });
    for (const seq of [3, 4, 5]) {
      events.mockResolvedValue(page([event(seq), event(seq - 1)]));
      news.recordGrown.emit();
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(activity.arrivals).toMatchObject({ text: '1 new event', number: 1 });
    await vi.advanceTimersByTimeAsync(2500);
    expect(activity.arrivals).toMatchObject({ text: '3 new events', number: 2 });
    await vi.advanceTimersByTimeAsync(5000);
    expect(activity.arrivals.text).toBe('');
  });
});

describe('a change', () => {
  it('is told once, by its outcome; alone, its start stays', () => {
    const list = [
      event(4, { outcome: 'started', correlation: 'cut' }),
      event(2, { correlation: 'x' }),
      event(1, { outcome: 'started', correlation: 'x' })
    ];
    expect(withoutStarts(list).map(({ seq }) => seq)).toEqual([4, 2]);
  });
});
