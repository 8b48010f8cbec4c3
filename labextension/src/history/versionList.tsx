/**
 * The versions of a notebook, the newest first, and between them what else happened to it.
 */
import React from 'react';

import { OutcomeSign } from '../record/eventTable';
import { IEvent } from '../record/api';
import { actionWords, actorWords, objectWords, times } from '../record/words';
import { bytes, moment } from '../words';
import { IVersion } from './api';
import { kindWords } from './words';

type Entry = { at: string; version: IVersion } | { at: string; event: IEvent };

/** That somebody looked at this list; and a save by hand makes a checkpoint each time. */
const LEFT_OUT = ['version:list', 'record:read', 'checkpoint:create'];
/** A version is made right before its save is on record. */
const TOGETHER_MS = 3000;

/** Whether a version in the list says this already. */
function isTold({ action, outcome, username, time }: IEvent, versions: IVersion[]): boolean {
  return (
    (action === 'file:save' || action === 'version:restore') &&
    outcome === 'success' &&
    versions.some(
      ({ account, at }) =>
        account === username && Math.abs(Date.parse(time) - Date.parse(at)) < TOGETHER_MS
    )
  );
}

export function merged(versions: IVersion[], events: IEvent[]): Entry[] {
  return [
    ...versions.map(version => ({ at: version.at, version })),
    ...events
      .filter(event => !LEFT_OUT.includes(event.action) && !isTold(event, versions))
      .map(event => ({ at: event.time, event }))
  ].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

export function VersionList(props: {
  versions: IVersion[];
  events: IEvent[] | null;
  selected: number | null;
  /** The path now: a version from elsewhere says so. */
  path: string;
  select: (number: number) => void;
}): JSX.Element {
  const { versions, events, selected, path, select } = props;
  return (
    <ol className="jsec-Versions">
      {merged(versions, events ?? []).map(entry =>
        'version' in entry ? (
          <li key={`v${entry.version.number}`}>
            <Version
              version={entry.version}
              current={entry.version.number === selected}
              path={path}
              select={select}
            />
          </li>
        ) : (
          <li key={`e${entry.event.seq}`} className="jsec-Versions-event">
            <Happened event={entry.event} path={path} />
          </li>
        )
      )}
    </ol>
  );
}

function Version(props: {
  version: IVersion;
  current: boolean;
  path: string;
  select: (number: number) => void;
}): JSX.Element {
  const { version, current, path, select } = props;
  const { number, at, account, size } = version;
  return (
    <button type="button" aria-current={current} onClick={() => select(number)}>
      <span className="jsec-Versions-head">
        <strong>Version {number}</strong>
        <time dateTime={at} title={times(at).utc}>
          {moment(at)}
        </time>
      </span>
      <span className="jsec-Versions-detail">
        {account || 'someone'} · {kindWords(version)} · {bytes(size)}
      </span>
      {version.path !== path && <span className="jsec-Versions-detail">as {version.path}</span>}
    </button>
  );
}

function Happened({ event, path }: { event: IEvent; path: string }): JSX.Element {
  const object = objectWords({ ...event, path: event.path === path ? '' : event.path });
  return (
    <>
      <span className="jsec-Versions-head">
        <span>
          {actorWords(event)} {actionWords(event.action)} {event.to ? object : ''}
        </span>
        <time dateTime={event.time} title={times(event.time).utc}>
          {moment(event.time)}
        </time>
      </span>
      {event.outcome !== 'success' && <OutcomeSign event={event} />}
    </>
  );
}
