/**
 * The calm page over a document whose content is withheld: why, and what opens it.
 */
import { ReactWidget } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { LabIcon } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import React from 'react';

import { IRefusal, RefusalReason, isFinding } from '../connection';
import { FINDING_TITLES } from '../words';
import { FindingChoices, IFindingActions } from './findingChoices';
import { alertShieldIcon, keyIcon, lockIcon } from './icons';
import { SecretForm } from './secretForm';

export interface ICoverActions extends IFindingActions {
  /** Confirm a code; rejects with the server's sentence. */
  confirm: (code: string) => Promise<void>;
  /** Open it with its own passphrase; rejects with the server's sentence. */
  openWith: (passphrase: string) => Promise<void>;
  logIn: () => Promise<void>;
  retry: () => void;
}

const TITLES: Record<RefusalReason, (name: string) => string> = {
  'elevation-required': name => `${name} is private`,
  'passphrase-required': name => `${name} is sealed with a passphrase`,
  locked: name => `${name} is locked`,
  sealed: name => `${name} is sealed`,
  ...FINDING_TITLES
};

function titleOf(path: string, { reason }: IRefusal): string {
  return TITLES[reason](PathExt.basename(path));
}

function iconOf(reason: RefusalReason): LabIcon {
  if (isFinding(reason)) {
    return alertShieldIcon;
  }
  return reason === 'passphrase-required' ? keyIcon : lockIcon;
}

function wordsOf({ reason, message }: IRefusal): string {
  switch (reason) {
    case 'elevation-required':
      return 'Enter a code to open it. Nothing of it is shown until then.';
    case 'passphrase-required':
      return 'Enter its passphrase to open it. Nothing else opens it.';
    default:
      return message;
  }
}

function Choices(props: { refusal: IRefusal; actions: ICoverActions }): JSX.Element {
  const { actions } = props;
  const { reason } = props.refusal;
  if (reason === 'elevation-required') {
    const label = 'Code from your authenticator app';
    return <SecretForm kind="code" label={label} submit={actions.confirm} />;
  }
  if (reason === 'passphrase-required') {
    return <SecretForm kind="passphrase" label="Passphrase" submit={actions.openWith} />;
  }
  if (isFinding(reason)) {
    return <FindingChoices actions={actions} />;
  }
  return (
    <div className="jsec-Buttons">
      {reason === 'sealed' && (
        <button
          className="jp-mod-styled jp-mod-accept"
          type="button"
          onClick={() => void actions.logIn()}
        >
          Log in
        </button>
      )}
      <button className="jp-mod-styled" type="button" onClick={actions.retry}>
        Try again
      </button>
    </div>
  );
}

export function CoverView(props: {
  path: string;
  refusal: IRefusal;
  actions: ICoverActions;
}): JSX.Element {
  const { path, refusal, actions } = props;
  const Icon = iconOf(refusal.reason);
  return (
    <div className="jsec-Cover-card" data-level={isFinding(refusal.reason) ? 'warn' : undefined}>
      <Icon.react className="jsec-Cover-icon" tag="span" aria-hidden="true" />
      <h2>{titleOf(path, refusal)}</h2>
      <p>{wordsOf(refusal)}</p>
      <Choices refusal={refusal} actions={actions} />
    </div>
  );
}

export class Cover extends ReactWidget {
  constructor(
    private readonly path: string,
    private readonly refusal: IRefusal,
    private readonly actions: ICoverActions
  ) {
    super();
    this.addClass('jsec-Cover');
    this.node.tabIndex = -1;
    // What is read out when it takes the focus itself.
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', titleOf(path, refusal));
  }

  protected override render(): JSX.Element {
    return <CoverView path={this.path} refusal={this.refusal} actions={this.actions} />;
  }

  protected override onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    void (this.renderPromise ?? Promise.resolve()).then(() => {
      // What a stray key would press is not chosen for anyone: a choice is read first.
      const first = isFinding(this.refusal.reason) ? null : 'input, button';
      ((first && this.node.querySelector<HTMLElement>(first)) ?? this.node).focus();
    });
  }
}
