/**
 * What is asked of the record: by whom, what, where, how it came out, and when.
 */
import React, { useEffect, useState } from 'react';

import { ExportForm, IWanted } from './api';
import { KINDS, OUTCOME_WORDS } from './words';

const HOUR = 3_600_000;
/** Milliseconds back from now; a day of one's own choosing has none. */
const PERIODS: [string, string, number | null][] = [
  ['', 'At any time', null],
  ['hour', 'In the last hour', HOUR],
  ['day', 'In the last 24 hours', 24 * HOUR],
  ['week', 'In the last 7 days', 7 * 24 * HOUR],
  ['month', 'In the last 30 days', 30 * 24 * HOUR],
  ['days', 'Between two days…', null]
];
const TYPING_MS = 400;
const EXPORTS: [ExportForm, string][] = [
  ['csv', 'CSV'],
  ['ocsf', 'OCSF']
];

/** The start of a day of the reader's, or of the one after it; empty for none. */
export function dayBegins(day: string, after = 0): string {
  const [year, month, date] = day.split('-').map(Number);
  return day === '' ? '' : new Date(year, month - 1, date + after).toISOString();
}

export function Filters(props: {
  wanted: IWanted;
  everyone: boolean;
  ask: (wanted: IWanted) => void;
  /** Whether what pages ask by themselves is there too; null where it is anyway. */
  all: boolean | null;
  showAll: (all: boolean) => void;
  /** Where all that is asked for can be had as a file. */
  exportAddress: (form: ExportForm) => string;
}): JSX.Element {
  const { wanted, everyone, ask, all, showAll, exportAddress } = props;
  const [period, setPeriod] = useState('');
  const [days, setDays] = useState({ first: '', last: '' });
  const choosePeriod = (name: string): void => {
    setPeriod(name);
    const back = PERIODS.find(([own]) => own === name)?.[2] ?? null;
    if (name !== 'days') {
      const since = back === null ? '' : new Date(Date.now() - back).toISOString();
      ask({ ...wanted, since, until: '' });
    }
  };
  const chooseDays = (next: typeof days): void => {
    setDays(next);
    ask({ ...wanted, since: dayBegins(next.first), until: dayBegins(next.last, 1) });
  };
  return (
    <form className="jsec-Filters" role="search" onSubmit={event => event.preventDefault()}>
      {everyone && (
        <TextFilter label="Who" value={wanted.who} set={who => ask({ ...wanted, who })} />
      )}
      <label>
        What
        <select
          className="jp-mod-styled"
          value={wanted.what}
          onChange={event => ask({ ...wanted, what: event.target.value })}
        >
          {KINDS.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <TextFilter
        label="Path"
        value={wanted.path}
        title="A file, or a folder with a slash at its end"
        set={path => ask({ ...wanted, path })}
      />
      <label>
        Outcome
        <select
          className="jp-mod-styled"
          value={wanted.outcome}
          onChange={event => ask({ ...wanted, outcome: event.target.value })}
        >
          <option value="">Any</option>
          {Object.entries(OUTCOME_WORDS).map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        When
        <select
          className="jp-mod-styled"
          value={period}
          onChange={event => choosePeriod(event.target.value)}
        >
          {PERIODS.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {period === 'days' && (
        <>
          <DayFilter
            label="From"
            value={days.first}
            set={first => chooseDays({ ...days, first })}
          />
          <DayFilter label="To" value={days.last} set={last => chooseDays({ ...days, last })} />
        </>
      )}
      {all !== null && (
        <label className="jsec-Filters-check">
          <input type="checkbox" checked={all} onChange={event => showAll(event.target.checked)} />
          Also what pages ask by themselves
        </label>
      )}
      {everyone && (
        <p className="jsec-Filters-export">
          Export as
          {EXPORTS.map(([form, name]) => (
            // In a tab of its own: who is logged out by now is asked to log in there.
            <a key={form} href={exportAddress(form)} target="_blank" rel="noopener noreferrer">
              {name}
            </a>
          ))}
        </p>
      )}
    </form>
  );
}

/** Asks when somebody stops typing, and not for each letter. */
function TextFilter(props: {
  label: string;
  value: string;
  title?: string;
  set: (value: string) => void;
}): JSX.Element {
  const { label, value, title, set } = props;
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (typed.trim() !== value) {
        set(typed.trim());
      }
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, value, set]);
  return (
    <label title={title}>
      {label}
      <input
        className="jp-mod-styled"
        type="search"
        value={typed}
        spellCheck={false}
        autoComplete="off"
        placeholder="Any"
        onChange={event => setTyped(event.target.value)}
      />
    </label>
  );
}

function DayFilter(props: {
  label: string;
  value: string;
  set: (value: string) => void;
}): JSX.Element {
  return (
    <label>
      {props.label}
      <input
        className="jp-mod-styled"
        type="date"
        value={props.value}
        onChange={event => props.set(event.target.value)}
      />
    </label>
  );
}
