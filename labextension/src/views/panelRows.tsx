/**
 * The rows of the panel: a protection with its level, and a lock with who holds it.
 */
import { PathExt } from '@jupyterlab/coreutils';
import React from 'react';

import { ILock, IProtection, IStatus } from '../answers';
import { mayEncrypt } from '../roles';
import { describeFindings, describeLock } from '../words';
import { LEVEL_ICONS, LEVEL_WORDS, MODE_ICONS } from './icons';

/** A sentence in which `words between backticks` are what to type. */
export function Words({ text }: { text: string }): JSX.Element {
  return <>{text.split('`').map((part, i) => (i % 2 ? <code key={i}>{part}</code> : part))}</>;
}

export function Row({
  protection,
  remedy,
  children
}: React.PropsWithChildren<{ protection: IProtection; remedy: string }>): JSX.Element {
  const Icon = LEVEL_ICONS[protection.level];
  return (
    <li className="jsec-Row" data-level={protection.level}>
      <Icon.react tag="span" className="jsec-Row-icon" aria-hidden="true" />
      <span className="jsec-Row-label">
        {protection.label}
        <span className="jsec-sr-only">: {LEVEL_WORDS[protection.level]}.</span>
      </span>
      <span className="jsec-Row-summary">
        {protection.summary}
        {remedy && (
          <span className="jsec-Row-remedy">
            <Words text={remedy} />
          </span>
        )}
        {children}
      </span>
    </li>
  );
}

/** What leads from a row to more about it. */
export function View(props: { name: string; label?: string; run: () => void }): JSX.Element {
  const { name, label = 'View', run } = props;
  return (
    <>
      {' '}
      <button
        className="jsec-Link"
        type="button"
        aria-label={label === 'View' ? `View ${name}` : undefined}
        onClick={run}
      >
        {label}
      </button>
    </>
  );
}

export interface IEncryptionActions {
  encryptAll: () => void;
  review: () => void;
}

/** What can be done about files that are plain, and about those that are not as they were left. */
export function EncryptionChoices(props: {
  status: IStatus;
  /** Whether the head of the panel says already what was found. */
  said: boolean;
  running: boolean;
  actions: IEncryptionActions;
}): JSX.Element {
  const { status, said, running, actions } = props;
  const { vault, catalogue } = props.status;
  const findings = catalogue?.findings ?? 0;
  const altered = catalogue?.checked === 'altered';
  const plain = mayEncrypt() && vault?.open === true && vault.sealed < vault.matching;
  return (
    <>
      {(findings > 0 || altered) && (
        <>
          {findings > 0 && !said && (
            <span className="jsec-Row-remedy">{describeFindings(findings)}.</span>
          )}{' '}
          <button
            className="jsec-Link"
            type="button"
            aria-haspopup="dialog"
            onClick={actions.review}
          >
            Review
          </button>
        </>
      )}
      {plain && status.configured && (
        <button
          className="jp-mod-styled jsec-Row-button"
          type="button"
          aria-haspopup="dialog"
          disabled={running}
          onClick={actions.encryptAll}
        >
          Encrypt all…
        </button>
      )}
    </>
  );
}

export interface ILockActions {
  unlock: (path: string) => void;
  open: (path: string) => void;
}

export function Locks({ locks, actions }: { locks: ILock[]; actions: ILockActions }): JSX.Element {
  return (
    <section className="jsec-Section" aria-labelledby="jsec-locks">
      <h3 id="jsec-locks">Locked notebooks ({locks.length})</h3>
      <ul>
        {locks.map(lock => {
          const Icon = MODE_ICONS[lock.mode];
          const name = PathExt.basename(lock.path);
          return (
            <li className="jsec-Lock" key={lock.path}>
              <Icon.react tag="span" className="jsec-Row-icon" aria-hidden="true" />
              <button
                className="jsec-Link jsec-Lock-name"
                type="button"
                title={`Open ${lock.path}`}
                onClick={() => actions.open(lock.path)}
              >
                {name}
              </button>
              <span className="jsec-Lock-detail">{describeLock(lock)}</span>
              {lock.mine && (
                <button
                  className="jsec-Link"
                  type="button"
                  aria-label={`Unlock ${name}`}
                  onClick={() => actions.unlock(lock.path)}
                >
                  Unlock
                </button>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
