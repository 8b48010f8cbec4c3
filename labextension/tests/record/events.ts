/** Events for tests. */
import type { IEvent, IEvents } from '../../src/record/api';

export function event(seq: number, change: Partial<IEvent> = {}): IEvent {
  return {
    seq,
    time: '2026-11-21T10:00:00.000+00:00',
    action: 'file:save',
    outcome: 'success',
    reason: '',
    username: 'alice',
    session: 's1',
    token: '',
    kernel: '',
    address: '192.0.2.1',
    path: 'a.ipynb',
    to: '',
    file_id: '',
    target: '',
    correlation: '',
    details: {},
    ...change
  };
}

export function page(events: IEvent[], next: number | null = null, everyone = true): IEvents {
  return { events, next, everyone };
}
