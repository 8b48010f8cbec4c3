/**
 * What somebody's page asks for and is refused again and again, gathered into one row.
 */
import { IEvent } from './api';

export interface IGathered {
  /** The newest first. */
  events: IEvent[];
  /** How often, by the number of the event that stands for several. */
  times: Map<number, number>;
}

/** From the oldest on: a row stays where it began, and what comes does not move it. */
export function gather(events: IEvent[]): IGathered {
  const first = new Map<string, number>();
  const times = new Map<number, number>();
  const kept = [...events].reverse().filter(event => {
    if (!isForTheRole(event)) {
      return true;
    }
    const key = JSON.stringify([event.session, event.target, event.details]);
    const seq = first.get(key);
    if (seq === undefined) {
      first.set(key, event.seq);
      return true;
    }
    times.set(seq, (times.get(seq) ?? 1) + 1);
    return false;
  });
  return { events: kept.reverse(), times };
}

/**
 * Refused to somebody who is logged in, for what their role may not: JupyterLab goes on asking for
 * lists all the same. What is refused to strangers, and what has a name, is always shown.
 */
function isForTheRole({ action, reason, session }: IEvent): boolean {
  return action === 'request:refuse' && reason === 'not-allowed' && session !== '';
}
