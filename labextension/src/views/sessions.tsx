/**
 * Where else this person is logged in, unfolded under the panel's session row.
 */
import React, { useState } from 'react';

import { ISessionInfo } from '../api';

export interface ISessionsActions {
  sessions: () => Promise<ISessionInfo[]>;
  endSession: (id: string) => Promise<void>;
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
        <ul className="jsec-Sessions">
          {list.map(session => (
            <li key={session.id}>
              <span title={session.user_agent}>
                {session.current ? 'this one' : session.address} · since{' '}
                {new Date(session.created_at).toLocaleTimeString([], {
                  hour: '2-digit',
                  minute: '2-digit'
                })}
              </span>
              {!session.current && (
                <button
                  className="jsec-Link"
                  type="button"
                  aria-label={`End the session from ${session.address}`}
                  onClick={() => void run(() => actions.endSession(session.id))}
                >
                  End
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
