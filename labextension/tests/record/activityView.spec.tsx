import { Signal } from '@lumino/signaling';
import React, { act } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Activity } from '../../src/record/activity';
import { ActivityView, standingOf } from '../../src/record/activityView';
import type { IStanding } from '../../src/record/activityView';
import type { IEvents, IWanted, RecordApi } from '../../src/record/api';
import { dayBegins } from '../../src/record/filters';
import type { Security } from '../../src/security';
import { usePlace } from '../mounting';
import { event, page } from './events';

const place = usePlace();
const events = vi.fn<RecordApi['events']>();
const exportAddress = (wanted: IWanted, form: string): string => `export?${wanted.path}&${form}`;
let activity: Activity;

const news = { connected: true, recordGrown: new Signal<object, void>({}) } as never;

async function show(answer: IEvents, standing: IStanding | null = null): Promise<void> {
  events.mockResolvedValue(answer);
  const record = { events, exportAddress } as unknown as RecordApi;
  activity = new Activity({ record, ready: () => true, news }, () => true);
  await activity.look(true);
  place.render(<ActivityView activity={activity} standing={standing} />);
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  activity.dispose();
  vi.useRealTimers();
});

describe('the view of what is on record', () => {
  it('says of each event who did what, and how it came out', async () => {
    const refused = event(2, { outcome: 'refused', reason: 'elevation-required' });
    await show(page([refused, event(1, { action: 'file:rename', to: 'b.ipynb' })]));
    const [first, second] = place.host.querySelectorAll('tbody tr');
    expect(first.getAttribute('data-outcome')).toBe('refused');
    expect(first.textContent).toContain('refused');
    expect(first.textContent).toContain('elevation required');
    expect(first.querySelector('time')?.title).toBe('2026-11-21 10:00:00.000 UTC');
    expect(second.textContent).toContain('alicerenamed or moveda.ipynb → b.ipynb');
  });

  it('says how often what stands for several happened', async () => {
    const refused = {
      action: 'request:refuse',
      outcome: 'refused',
      reason: 'not-allowed'
    } as const;
    await show(page([event(2, refused), event(1, refused)]));
    expect(place.host.querySelectorAll('tbody tr')).toHaveLength(1);
    expect(place.host.querySelector('.jsec-Outcome')?.textContent).toBe(
      'refusednot allowed · 2 times'
    );
  });

  it('shows the raw form of an event only on demand', async () => {
    await show(page([event(5)]));
    expect(place.host.querySelector('pre')).toBeNull();
    await place.click('Details of event 5');
    expect(place.host.querySelector('details')?.hasAttribute('open')).toBe(false);
    expect(place.host.querySelector('dl')?.textContent).toContain('Actionfile:save');
  });

  it('says how far the record was checked, as the server says it', async () => {
    await show(page([]), { level: 'warn', text: 'Not verified yet', remedy: 'Run it.' });
    const standing = place.host.querySelector('.jsec-Standing');
    expect(standing?.textContent).toBe('The record: needs attention. Not verified yet. Run it.');
  });

  it.each([
    ['ok', 'verified 12:04', '', 'Verified up to 12:04'],
    ['ok', 'not verified yet', '', 'The record: not verified yet'],
    ['warn', 'verified 12:04', 'It has no key', 'Verified up to 12:04. It has no key'],
    ['bad', 'does not verify', 'It was changed', 'The record: does not verify. It was changed']
  ] as const)('stands at %s, %s', (level, summary, sentence, text) => {
    const row = { name: 'record', label: 'Record', level, summary, sentence, remedy: '' };
    const security = { status: { protections: [row] } } as unknown as Security;
    expect(standingOf(security)?.text).toBe(text);
  });

  it('offers to ask for other people only to who may see them', async () => {
    await show(page([], null, false));
    const labels = [...place.host.querySelectorAll('label')].map(node => node.textContent);
    expect(labels.some(label => label.startsWith('Who'))).toBe(false);
    expect(place.host.querySelector('h2')?.textContent).toBe('What you did');
    expect(place.host.querySelector('a')).toBeNull();
  });

  it('offers what is asked for as a file to who may see everything', async () => {
    await show(page([]));
    await act(() => activity.filter({ ...activity.wanted, path: 'a.ipynb' }));
    place.render(<ActivityView activity={activity} standing={null} />);
    const links = [...place.host.querySelectorAll('a')].map(link => link.getAttribute('href'));
    expect(links).toEqual(['export?a.ipynb&csv', 'export?a.ipynb&ocsf']);
  });

  it('asks for a path once it is typed', async () => {
    await show(page([]));
    const filter = vi.spyOn(activity, 'filter').mockResolvedValue(undefined);
    await place.type('input[type=search]', 'bo');
    await place.type('input[type=search]', 'bob');
    expect(filter).not.toHaveBeenCalled();
    await act(() => vi.advanceTimersByTimeAsync(500));
    expect(filter).toHaveBeenCalledOnce();
    expect(filter.mock.calls[0][0]).toMatchObject({ who: 'bob' });
  });
});

describe('the list while events come', () => {
  async function grow(answer: IEvents): Promise<void> {
    events.mockResolvedValue(answer);
    await act(() => activity.look());
    place.render(<ActivityView activity={activity} standing={null} />);
  }

  const list = (): HTMLElement => place.host.querySelector('.jsec-Events-scroll') as HTMLElement;

  /** A page without a layout: each row is as high as another. */
  function layOut(): void {
    vi.spyOn(HTMLElement.prototype, 'offsetTop', 'get').mockImplementation(function (
      this: HTMLElement
    ) {
      return 20 * [...(this.parentElement?.children ?? [])].indexOf(this);
    });
  }

  afterEach(() => vi.restoreAllMocks());

  it('says to a screen reader how many came, and does not read them out', async () => {
    await show(page([event(1)]));
    const status = place.host.querySelector('[role=status]') as HTMLElement;
    expect(status.textContent).toBe('');
    await grow(page([event(3), event(2), event(1)]));
    expect(status.textContent).toBe('2 new events');
    expect(list().closest('[aria-live]')).toBeNull();
    expect(list().getAttribute('role')).toBe('region');
  });

  it('stays where somebody reads, and at the top shows what came', async () => {
    layOut();
    await show(page([event(1)]));
    await grow(page([event(2), event(1)]));
    expect(list().scrollTop).toBe(0);
    list().scrollTop = 50;
    await grow(page([event(4), event(3), event(2), event(1)]));
    expect(list().scrollTop).toBe(90);
  });

  it('leaves the focus where it is, and the row in its place', async () => {
    layOut();
    await show(page([event(1)]));
    const button = place.button('Details of event 1');
    act(() => button.focus());
    await grow(page([event(2), event(1)]));
    expect(document.activeElement).toBe(button);
    expect(list().scrollTop).toBe(20);
  });

  it('keeps the focus in the list when its row goes, and takes it from nothing else', async () => {
    const started = event(2, { outcome: 'started', correlation: 'x' });
    await show(page([started, event(1)]));
    act(() => place.button('Details of event 2').focus());
    await grow(page([event(3, { correlation: 'x' }), started, event(1)]));
    expect(document.activeElement).toBe(list());
    const input = place.host.querySelector('input') as HTMLInputElement;
    act(() => input.focus());
    await grow(page([event(4), event(3)]));
    expect(document.activeElement).toBe(input);
  });
});

describe('a day', () => {
  it('begins at midnight of the reader, and ends with the next', () => {
    const day = Date.parse(dayBegins('2026-11-21'));
    expect(Date.parse(dayBegins('2026-11-21', 1)) - day).toBe(86_400_000);
    expect(dayBegins('')).toBe('');
  });
});
