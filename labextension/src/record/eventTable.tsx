/**
 * Events in a table: when, who, what, to what, how it came out, and from where.
 */
import React, { useState } from 'react';

import { Level } from '../answers';
import { LEVEL_ICONS } from '../views/icons';
import { IEvent, Outcome } from './api';
import { IGathered } from './gather';
import { OUTCOME_WORDS, actionWords, actorWords, objectWords, reasonWords, times } from './words';

/** A refusal is no fault of the server's and none of the record's: it is what was to be seen. */
const LEVELS: Record<Outcome, Level> = {
  success: 'ok',
  failure: 'warn',
  refused: 'bad',
  started: 'warn'
};

const COLUMNS = ['Time', 'Who', 'What', 'Of what', 'Outcome', 'From'];

export function EventTable({ events, times }: IGathered): JSX.Element {
  return (
    <table className="jsec-Events">
      <thead>
        <tr>
          {COLUMNS.map(name => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
          <th scope="col">
            <span className="jsec-sr-only">Details</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {events.map(event => (
          <Event key={event.seq} event={event} often={times.get(event.seq)} />
        ))}
      </tbody>
    </table>
  );
}

function Event({ event, often }: { event: IEvent; often?: number }): JSX.Element {
  const [open, setOpen] = useState(false);
  const { local, utc } = times(event.time);
  return (
    <>
      <tr data-outcome={event.outcome} data-level={LEVELS[event.outcome]}>
        <td className="jsec-Events-time">
          <time dateTime={event.time} title={utc}>
            {local}
          </time>
        </td>
        <td>{actorWords(event)}</td>
        <td>{actionWords(event.action)}</td>
        <td className="jsec-Events-object">{objectWords(event)}</td>
        <td>
          <OutcomeSign event={event} often={often} />
        </td>
        <td>{event.address}</td>
        <td>
          <button
            className="jsec-Link"
            type="button"
            aria-expanded={open}
            aria-label={`Details of event ${event.seq}`}
            onClick={() => setOpen(!open)}
          >
            {open ? 'Less' : 'More'}
          </button>
        </td>
      </tr>
      {open && (
        <tr className="jsec-Events-details">
          <td colSpan={COLUMNS.length + 1}>
            <Details event={event} />
          </td>
        </tr>
      )}
    </>
  );
}

/** The outcome in words; the sign beside it is for whoever looks for it among many. */
export function OutcomeSign({ event, often }: { event: IEvent; often?: number }): JSX.Element {
  const more = [event.reason && reasonWords(event.reason), often && `${often} times`];
  const level = LEVELS[event.outcome];
  const Icon = LEVEL_ICONS[level];
  return (
    <span className="jsec-Outcome" data-level={level} data-outcome={event.outcome}>
      <Icon.react tag="span" className="jsec-Row-icon" aria-hidden="true" />
      <span>
        {OUTCOME_WORDS[event.outcome]}
        {event.reason && (
          <span className="jsec-Outcome-reason">{more.filter(Boolean).join(' · ')}</span>
        )}
      </span>
    </span>
  );
}

/** What the table leaves out, one fact in a line; as it stands in the record only on demand. */
function Details({ event }: { event: IEvent }): JSX.Element {
  const facts: [string, string | number][] = [
    ['Event', event.seq],
    ['Time in the record', times(event.time).utc],
    ['Action', event.action],
    ['Session', event.session],
    ['Access token', event.token],
    ['Kernel', event.kernel],
    ['On', event.target],
    ['File id', event.file_id],
    ['Correlation', event.correlation],
    ...Object.entries(event.details).map(([name, value]): [string, string] => [
      name.replaceAll('_', ' '),
      String(value)
    ])
  ];
  return (
    <>
      <dl>
        {facts
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      <details>
        <summary>As JSON</summary>
        <pre>{JSON.stringify(event, null, 2)}</pre>
      </details>
    </>
  );
}
