/**
 * The small signs outside the panel: the status-bar item and the button in a notebook's toolbar.
 */
import { ReactWidget, ToolbarButtonComponent, UseSignal } from '@jupyterlab/apputils';
import React from 'react';

import { ILock } from '../api';
import { Security } from '../security';
import { LOCK_WORDS } from '../words';
import { MODE_ICONS, SHIELD_ICONS, unlockIcon } from './icons';

/** "Protected", with the shield; opens the panel. */
export class StatusItem extends ReactWidget {
  constructor(
    private readonly security: Security,
    private readonly open: () => void
  ) {
    super();
    this.addClass('jsec-StatusItem');
  }

  protected override render(): JSX.Element {
    return (
      <UseSignal signal={this.security.changed}>
        {() => {
          const { status, connection } = this.security;
          const text = connection.loggedIn ? (status?.sentence ?? '') : 'Logged out';
          const level = connection.loggedIn ? (status?.level ?? 'warn') : 'bad';
          const Icon = SHIELD_ICONS[level];
          return (
            <button
              type="button"
              data-level={level}
              title="Open the security panel"
              aria-label={`Security: ${text}`}
              onClick={() => this.open()}
            >
              <Icon.react tag="span" stylesheet="statusBar" aria-hidden="true" />
              <span>{text}</span>
            </button>
          );
        }}
      </UseSignal>
    );
  }
}

/** "Private", "Passphrase": a toolbar has little room. */
const LABELS: Record<ILock['mode'], string> = {
  private: 'Private',
  'read-only': 'Read-only',
  sealed: 'Passphrase'
};

function captionOf({ mode }: ILock): string {
  const { name, meaning } = LOCK_WORDS[mode];
  return `${name[0].toUpperCase()}${name.slice(1)}: ${meaning}`;
}

/** What the lock of a notebook is, in its toolbar; the same button changes it. */
export class LockButton extends ReactWidget {
  constructor(
    private readonly security: Security,
    private readonly lock: () => ILock | null,
    private readonly choose: (anchor: HTMLElement) => void
  ) {
    super();
    this.addClass('jsec-LockButton');
    // Bound by Lumino, which also disconnects it when this widget is disposed of.
    // eslint-disable-next-line @typescript-eslint/unbound-method
    security.changed.connect(this.showOrHide, this);
    this.showOrHide();
  }

  protected override render(): JSX.Element {
    return (
      <UseSignal signal={this.security.changed}>
        {() => {
          const lock = this.lock();
          return (
            <ToolbarButtonComponent
              icon={lock ? MODE_ICONS[lock.mode] : unlockIcon}
              label={lock ? LABELS[lock.mode] : ''}
              tooltip={lock ? captionOf(lock) : 'Not locked. Lock this notebook…'}
              dataset={{ 'data-lock': lock?.mode ?? 'none' }}
              onClick={() => this.choose(this.node)}
            />
          );
        }}
      </UseSignal>
    );
  }

  private showOrHide(): void {
    this.setHidden(!this.security.configured);
  }
}
