/**
 * Where else this person is logged in, unfolded under the panel's session row.
 */
import React, { useState } from 'react';

import { ISessionInfo } from '../api';
import { moment } from '../words';

export interface ISessionsActions {
  sessions: () => Promise<ISessionInfo[]>;
  endSession: (id: string) => Promise<void>;
  endSessions: (scope: 'others' | 'all') => Promise<void>;
}

export function Sessions({ actions }: { actions: ISessionsActions }): JSX.Element {
  const [list, setList] = useState<ISessionInfo[] | null>(null);
  const [message, setMessage] = useState('');
  const run = async (action: () => Promise<void>): Promise<void> => {
    setMessage('');
    try {
      await action();
      setList(await actions.sessions());
    } catch (error) {
      setMessage(error instanceof Error ? error.message : String(error));
    }
  };
  const toggle = (): void => {
    if (list) {
      setList(null);
    } else {
      void run(() => Promise.resolve());
    }
  };
  const everywhere = async (): Promise<void> => {
    setMessage('');
    try {
      await actions.endSessions('all');
      setList(null);
    } catch (error) {
      setMessage(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      {' '}
      <button className="jsec-Link" type="button" aria-expanded={list !== null} onClick={toggle}>
        {list ? 'Hide' : 'View'}
      </button>
      {message && (
        <span className="jsec-Message" role="alert">
          {message}
        </span>
      )}
      {list && (
        <>
          <ul className="jsec-Sessions">
            {list.map(session => (
              <li key={session.id}>
                <span title={session.user_agent}>
                  {nameOf(session)}
                  {session.current && <strong> · this one</strong>}
                  <span className="jsec-Sessions-detail">
                    {session.address} · used {moment(session.last_seen_at)}
                  </span>
                </span>
                {!session.current && (
                  <button
                    className="jsec-Link"
                    type="button"
                    aria-label={`End the session of ${nameOf(session)} from ${session.address}`}
                    onClick={() => void run(() => actions.endSession(session.id))}
                  >
                    End
                  </button>
                )}
              </li>
            ))}
          </ul>
          <span className="jsec-Sessions-all">
            {list.length > 1 && (
              <button
                className="jsec-Link"
                type="button"
                onClick={() => void run(() => actions.endSessions('others'))}
              >
                End all others
              </button>
            )}
            <button className="jsec-Link" type="button" onClick={() => void everywhere()}>
              Log out everywhere
            </button>
          </span>
        </>
      )}
    </>
  );
}

function nameOf(session: ISessionInfo): string {
  return session.device_name || 'Unknown device';
}
