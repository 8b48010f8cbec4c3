import React, { act } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Activity } from '../../src/record/activity';
import { ActivityView, standingOf } from '../../src/record/activityView';
import type { IStanding } from '../../src/record/activityView';
import type { IEvents, RecordApi } from '../../src/record/api';
import { dayBegins } from '../../src/record/filters';
import type { Security } from '../../src/security';
import { usePlace } from '../mounting';
import { event, page } from './events';

const place = usePlace();
let activity: Activity;

async function show(answer: IEvents, standing: IStanding | null = null): Promise<void> {
  const record = { events: vi.fn().mockResolvedValue(answer) } as unknown as RecordApi;
  activity = new Activity({ record, ready: () => true }, () => true);
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

describe('a day', () => {
  it('begins at midnight of the reader, and ends with the next', () => {
    const day = Date.parse(dayBegins('2026-11-21'));
    expect(Date.parse(dayBegins('2026-11-21', 1)) - day).toBe(86_400_000);
    expect(dayBegins('')).toBe('');
  });
});
