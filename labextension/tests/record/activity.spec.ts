import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Activity, withoutStarts } from '../../src/record/activity';
import { ANYTHING, RecordApi } from '../../src/record/api';
import type { IEvents } from '../../src/record/api';
import { event, page } from './events';

let events: ReturnType<typeof vi.fn<RecordApi['events']>>;
let activity: Activity;
let visible: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  visible = true;
  events = vi.fn<RecordApi['events']>();
  const record = { events } as unknown as RecordApi;
  activity = new Activity({ record, ready: () => true }, () => visible);
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

  it('goes on to earlier ones where a page holds nothing else', async () => {
    events.mockResolvedValueOnce(page([event(4, { action: 'request:read' })], 4));
    events.mockResolvedValueOnce(page([event(3)]));
    await activity.look(true);
    expect(numbers()).toEqual([3]);
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
