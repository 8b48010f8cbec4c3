/**
 * The view "Activity": who did what, the newest first.
 */
import { UseSignal } from '@jupyterlab/apputils';
import { LabIcon } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import React from 'react';

import { MainView } from '../views/mainView';
import { Level } from '../answers';
import { Security } from '../security';
import { LEVEL_ICONS, LEVEL_WORDS } from '../views/icons';
import { Words } from '../views/panelRows';
import { Activity } from './activity';
import { EventTable } from './eventTable';
import { Filters } from './filters';
import { useStill } from './still';

/** How far the record has been checked, in the words of the server's status. */
export interface IStanding {
  level: Level;
  text: string;
  remedy: string;
}

export function standingOf(security: Security): IStanding | null {
  const row = security.status?.protections.find(({ name }) => name === 'record');
  if (!row) {
    return null;
  }
  const { level, summary, sentence, remedy } = row;
  const checked = /^verified (.*)$/.exec(summary);
  const text = checked ? `Verified up to ${checked[1]}` : `The record: ${summary}`;
  return { level, text: [text, sentence].filter(Boolean).join('. '), remedy };
}

export function ActivityView(props: {
  activity: Activity;
  standing: IStanding | null;
}): JSX.Element {
  const { activity, standing } = props;
  const { events, times } = activity.gathered;
  const { everyone, problem, busy, hasMore, arrivals } = activity;
  const still = useStill();
  const narrowed = Object.values(activity.wanted).some(value => value !== '');
  return (
    <>
      <div className="jsec-View-head">
        <h2>{everyone === false ? 'What you did' : 'Activity'}</h2>
        {standing && <Standing {...standing} />}
      </div>
      <Filters
        wanted={activity.wanted}
        everyone={everyone === true}
        ask={wanted => void activity.filter(wanted)}
        all={activity.wanted.what === '' ? !activity.leavesOut : null}
        showAll={all => void activity.showAll(all)}
        exportAddress={form => activity.exportAddress(form)}
      />
      {problem && (
        <p className="jsec-Message" role="alert">
          Not up to date: {problem}{' '}
          <button className="jsec-Link" type="button" onClick={() => void activity.look()}>
            Try again
          </button>
        </p>
      )}
      <p className="jsec-sr-only" role="status">
        <span key={arrivals.number}>{arrivals.text}</span>
      </p>
      <div className="jsec-Events-scroll" tabIndex={0} role="region" aria-label="Events" {...still}>
        {events.length > 0 && <EventTable events={events} times={times} />}
        {events.length === 0 && !busy && !problem && (
          <p className="jsec-View-empty">
            {narrowed ? 'Nothing on record fits that.' : 'Nothing is on record yet.'}
          </p>
        )}
        {hasMore && (
          <button
            className="jp-mod-styled jsec-More"
            type="button"
            disabled={busy}
            onClick={() => void activity.more()}
          >
            Show earlier ones
          </button>
        )}
      </div>
    </>
  );
}

function Standing({ level, text, remedy }: IStanding): JSX.Element {
  const Icon = LEVEL_ICONS[level];
  return (
    <p className="jsec-Standing" data-level={level}>
      <Icon.react tag="span" className="jsec-Row-icon" aria-hidden="true" />
      <span>
        <span className="jsec-sr-only">The record: {LEVEL_WORDS[level]}. </span>
        <Words text={text} />
        {remedy && (
          <span className="jsec-Standing-remedy">
            {'. '}
            <Words text={remedy} />
          </span>
        )}
      </span>
    </p>
  );
}

export class ActivityWidget extends MainView {
  constructor(
    private readonly activity: Activity,
    private readonly security: Security,
    icon: LabIcon
  ) {
    super();
    this.id = 'jupyter-secure-activity';
    this.title.label = 'Activity';
    this.title.icon = icon;
    this.title.closable = true;
    this.addClass('jsec-View');
    this.addClass('jsec-Activity');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'Activity');
  }

  override dispose(): void {
    this.activity.dispose();
    super.dispose();
  }

  protected override render(): JSX.Element {
    return (
      <UseSignal signal={this.activity.changed}>
        {() => (
          <UseSignal signal={this.security.changed}>
            {() => <ActivityView activity={this.activity} standing={standingOf(this.security)} />}
          </UseSignal>
        )}
      </UseSignal>
    );
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    // Nothing was asked while it was out of sight.
    this.activity.catchUp();
  }
}
