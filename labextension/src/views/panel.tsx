/**
 * The panel: one sentence, the current notebook, a row for each protection, what is locked.
 */
import { ReactWidget, UseSignal } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { ISignal } from '@lumino/signaling';
import React from 'react';

import { IMigration, IPathProtection, Level } from '../answers';
import { describeLimits, mayManage, mayRead, mayWrite } from '../roles';
import { Security } from '../security';
import { describeProtection, describeSession } from '../words';
import { SHIELD_ICONS, historyIcon, lockIcon, shieldIcon, unlockIcon } from './icons';
import { IMigrationActions, MigrationRun } from './migrationRun';
import {
  EncryptionChoices,
  IEncryptionActions,
  ILockActions,
  Locks,
  Row,
  View,
  Words
} from './panelRows';
import { ISessionsActions, Sessions } from './sessions';

export interface IPanelActions extends ISessionsActions, IEncryptionActions, ILockActions {
  /** Open the account page, and the page for owners, each in a tab of its own. */
  account: () => void;
  users: () => void;
  /** Open the menu of locks below this button. */
  history: (path: string) => void;
  deleted: () => void;
  activity: () => void;
  chooseLock: (path: string, anchor: HTMLElement) => void;
  lockAllAndLogOut: () => void;
  logIn: () => void;
  refresh: () => void;
  migration: IMigrationActions;
}

export interface IPanelModel {
  security: Security;
  /** The notebook a person is working in, and what protects it; null when there is none. */
  current(): IPathProtection | null;
  /** The encryption or decryption of a folder that runs or has run; null when there is none. */
  migration(): { run: IMigration; stopping: boolean } | null;
  changed: ISignal<unknown, void>;
}

function Current(props: { current: IPathProtection; actions: IPanelActions }): JSX.Element {
  const { path, lock } = props.current;
  const history = (
    <button
      className="jp-mod-styled jsec-Button"
      type="button"
      onClick={() => props.actions.history(path)}
    >
      <historyIcon.react tag="span" className="jsec-Button-icon" aria-hidden="true" />
      History
    </button>
  );
  return (
    <section className="jsec-Section" aria-labelledby="jsec-current">
      <h3 id="jsec-current" title={path}>
        {PathExt.basename(path)}
      </h3>
      <p>{describeProtection(props.current)}</p>
      <div className="jsec-Section-buttons">
        {!mayWrite() ? null : lock === null ? (
          <button
            className="jp-mod-styled jsec-Button"
            type="button"
            aria-haspopup="menu"
            onClick={event => props.actions.chooseLock(path, event.currentTarget)}
          >
            <lockIcon.react tag="span" className="jsec-Button-icon" aria-hidden="true" />
            Lock <span aria-hidden="true">▾</span>
          </button>
        ) : (
          lock.mine && (
            <button
              className="jp-mod-styled jsec-Button"
              type="button"
              onClick={() => props.actions.unlock(path)}
            >
              <unlockIcon.react tag="span" className="jsec-Button-icon" aria-hidden="true" />
              Unlock
            </button>
          )
        )}
        {history}
      </div>
    </section>
  );
}

function Sentence(props: { level: Level; text: string; children?: React.ReactNode }): JSX.Element {
  const Icon = SHIELD_ICONS[props.level];
  return (
    <div className="jsec-Head" data-level={props.level}>
      <Icon.react tag="span" className="jsec-Head-icon" aria-hidden="true" />
      <div>
        <p className="jsec-Sentence" role="status" aria-live="polite">
          <Words text={props.text} />
        </p>
        {props.children}
      </div>
    </div>
  );
}

export function PanelView({
  model,
  actions
}: {
  model: IPanelModel;
  actions: IPanelActions;
}): JSX.Element {
  const { security } = model;
  const { status } = security;
  if (status === null) {
    return (
      <Sentence level="warn" text={security.problem || 'Looking at the server…'}>
        {security.problem && (
          <button className="jsec-Link" type="button" onClick={actions.refresh}>
            Try again
          </button>
        )}
      </Sentence>
    );
  }
  if (!security.connection.loggedIn) {
    return (
      <Sentence level="bad" text="Logged out">
        <p>What you have not saved is still in this page.</p>
        <button className="jp-mod-styled jp-mod-accept" type="button" onClick={actions.logIn}>
          Log in
        </button>
      </Sentence>
    );
  }
  const current = model.current();
  const migration = model.migration();
  const who = describeSession(status, security.secondsLeft);
  return (
    <>
      <Sentence level={status.level} text={status.sentence}>
        {status.remedy && (
          <p className="jsec-Remedy">
            <Words text={status.remedy} />
          </p>
        )}
        {who && <p className="jsec-Who">{who}</p>}
        {describeLimits() && <p className="jsec-Remedy">{describeLimits()}</p>}
        {security.problem && <p className="jsec-Remedy">Not up to date: {security.problem}</p>}
      </Sentence>
      {current && <Current current={current} actions={actions} />}
      {status.protections.length > 0 && (
        <section className="jsec-Section" aria-labelledby="jsec-protections">
          <h3 id="jsec-protections">Protections</h3>
          <ul>
            {status.protections.map(protection => (
              <Row
                key={protection.name}
                protection={protection}
                // The head says the worst one's remedy already.
                remedy={protection.remedy === status.remedy ? '' : protection.remedy}
              >
                {protection.name === 'encryption' && (
                  <EncryptionChoices
                    status={status}
                    said={status.sentence !== '' && protection.sentence === status.sentence}
                    running={migration?.run.running === true}
                    actions={actions}
                  />
                )}
                {protection.name === 'session' && <Sessions actions={actions} />}
                {protection.name === 'record' && <View name="the record" run={actions.activity} />}
                {protection.name === 'history' && mayRead() && (
                  <View name="deleted notebooks" label="Deleted…" run={actions.deleted} />
                )}
              </Row>
            ))}
          </ul>
        </section>
      )}
      {migration && (
        <MigrationRun
          run={migration.run}
          stopping={migration.stopping}
          actions={actions.migration}
        />
      )}
      {status.locks.length > 0 && <Locks locks={status.locks} actions={actions} />}
      {status.configured && (
        <p className="jsec-Links">
          {!status.protections.some(({ name }) => name === 'record') && (
            <button className="jsec-Link" type="button" onClick={actions.activity}>
              Activity
            </button>
          )}
          <button className="jsec-Link" type="button" onClick={actions.account}>
            Account and security…
          </button>
          {mayManage() && (
            <button className="jsec-Link" type="button" onClick={actions.users}>
              Users…
            </button>
          )}
        </p>
      )}
      {status.configured && (
        <button
          className="jp-mod-styled jsec-LockAll"
          type="button"
          onClick={actions.lockAllAndLogOut}
        >
          Lock all and log out
        </button>
      )}
    </>
  );
}

export class SecurityPanel extends ReactWidget {
  constructor(
    private readonly model: IPanelModel,
    private readonly actions: IPanelActions
  ) {
    super();
    this.id = 'jupyter-secure-panel';
    this.title.icon = shieldIcon;
    this.title.caption = 'Security';
    this.addClass('jsec-Panel');
    this.node.tabIndex = -1;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'Security');
  }

  protected override render(): JSX.Element {
    return (
      <UseSignal signal={this.model.changed}>
        {() => <PanelView model={this.model} actions={this.actions} />}
      </UseSignal>
    );
  }
}
