/**
 * The notebooks that were deleted, and how each comes back.
 */
import { PathExt } from '@jupyterlab/coreutils';
import { LabIcon } from '@jupyterlab/ui-components';
import React, { useCallback, useEffect, useState } from 'react';

import { MainView } from '../views/mainView';
import { ApiError } from '../api';
import { mayWrite } from '../roles';
import { bytes, moment } from '../words';
import { times } from '../record/words';
import { IDeleted } from './api';

export interface IDeletedActions {
  list: () => Promise<{ deleted: IDeleted[]; truncated: boolean }>;
  /** Resolves to where it is; null when a question on the way was cancelled. */
  undelete: (
    one: IDeleted,
    options: { path?: string; passphrase?: string }
  ) => Promise<string | null>;
  open: (path: string) => void;
}

export function Deleted({ actions }: { actions: IDeletedActions }): JSX.Element {
  const [list, setList] = useState<IDeleted[] | null>(null);
  const [truncated, setTruncated] = useState(false);
  const [problem, setProblem] = useState('');
  const [back, setBack] = useState('');
  const look = useCallback(async (): Promise<void> => {
    try {
      const answer = await actions.list();
      setList(answer.deleted);
      setTruncated(answer.truncated);
      setProblem('');
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }, [actions]);
  useEffect(() => void look(), [look]);
  return (
    <>
      <div className="jsec-View-head">
        <h2>Deleted notebooks</h2>
        <p role="status">
          {back ? (
            <>
              {PathExt.basename(back)} is back.{' '}
              <button className="jsec-Link" type="button" onClick={() => actions.open(back)}>
                Open it
              </button>
            </>
          ) : list === null ? (
            problem ? (
              ''
            ) : (
              'Looking…'
            )
          ) : list.length === 0 ? (
            'No deleted notebook is kept.'
          ) : (
            'Each comes back as it was when it was last saved, with its versions.'
          )}
        </p>
        {problem && (
          <p className="jsec-Message" role="alert">
            {problem}{' '}
            <button className="jsec-Link" type="button" onClick={() => void look()}>
              Try again
            </button>
          </p>
        )}
      </div>
      <ul className="jsec-Deleted">
        {list?.map(one => (
          <Item
            key={one.file_id}
            one={one}
            actions={actions}
            done={path => {
              setBack(path);
              void look();
            }}
          />
        ))}
      </ul>
      {truncated && <p className="jsec-View-empty">There are older ones.</p>}
    </>
  );
}

/** What is asked for before it can come back. */
type Needs = 'nothing' | 'path' | 'passphrase';

const LABELS = { path: 'Bring it back as', passphrase: 'Its passphrase' };

function Item(props: {
  one: IDeleted;
  actions: IDeletedActions;
  done: (path: string) => void;
}): JSX.Element {
  const { one, actions, done } = props;
  const [needs, setNeeds] = useState<Needs>(one.locked === 'sealed' ? 'passphrase' : 'nothing');
  const [asking, setAsking] = useState(false);
  const [answer, setAnswer] = useState('');
  const [message, setMessage] = useState('');
  const [busy, setBusy] = useState(false);
  const name = PathExt.basename(one.path);
  const bring = async (): Promise<void> => {
    if (needs !== 'nothing' && !asking) {
      setAsking(true);
      return;
    }
    setBusy(true);
    setMessage('');
    try {
      const path = await actions.undelete(one, asking ? { [needs]: answer } : {});
      if (path !== null) {
        done(path);
      }
    } catch (error) {
      setMessage(error instanceof Error ? error.message : String(error));
      if (error instanceof ApiError && error.reason === 'passphrase-required') {
        setNeeds('passphrase');
        setAsking(true);
      }
      if (error instanceof ApiError && error.status === 409) {
        setNeeds('path');
        setAsking(true);
        setAnswer(besides(one.path));
      }
    } finally {
      setBusy(false);
    }
  };
  return (
    <li>
      <form
        onSubmit={event => {
          event.preventDefault();
          void bring();
        }}
      >
        <span className="jsec-Deleted-what">
          <span className="jsec-Path">{one.path}</span>
          <span className="jsec-Deleted-detail">
            last saved <time title={times(one.at).utc}>{moment(one.at)}</time> by{' '}
            {one.account || 'someone'} · {bytes(one.size)}
            {one.locked && ` · ${one.locked === 'sealed' ? 'under a passphrase' : one.locked}`}
          </span>
        </span>
        {asking && needs !== 'nothing' && (
          <label>
            {LABELS[needs]}
            <input
              className="jp-mod-styled"
              type={needs === 'passphrase' ? 'password' : 'text'}
              autoComplete="off"
              spellCheck={false}
              autoFocus
              value={answer}
              onChange={event => setAnswer(event.target.value)}
            />
          </label>
        )}
        {mayWrite() && (
          <button
            className="jp-mod-styled"
            type="submit"
            disabled={busy}
            aria-label={`Bring ${name} back`}
          >
            Bring back
          </button>
        )}
      </form>
      <p className="jsec-Message" role="alert">
        {message}
      </p>
    </li>
  );
}

/** A name that is hardly taken, where the one it had is. */
export function besides(path: string): string {
  const extension = PathExt.extname(path);
  return `${path.slice(0, path.length - extension.length)} (restored)${extension}`;
}

export class DeletedWidget extends MainView {
  constructor(
    private readonly actions: IDeletedActions,
    icon: LabIcon
  ) {
    super();
    this.id = 'jupyter-secure-deleted';
    this.title.label = 'Deleted notebooks';
    this.title.icon = icon;
    this.title.closable = true;
    this.addClass('jsec-View');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'Deleted notebooks');
  }

  protected override render(): JSX.Element {
    return <Deleted actions={this.actions} />;
  }
}
