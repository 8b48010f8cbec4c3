/**
 * The calm page over a document whose content is withheld: why, and what opens it.
 */
import { ReactWidget } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { Message } from '@lumino/messaging';
import React, { useState } from 'react';

import { IRefusal, RefusalReason } from '../connection';
import { lockIcon } from './icons';

export interface ICoverActions {
  /** Confirm a code; rejects with the server's sentence. */
  confirm: (code: string) => Promise<void>;
  logIn: () => Promise<void>;
  retry: () => void;
}

const TITLES: Record<RefusalReason, (name: string) => string> = {
  'elevation-required': name => `${name} is private`,
  locked: name => `${name} is locked`,
  sealed: name => `${name} is sealed`
};

function CodeForm({ confirm }: { confirm: ICoverActions['confirm'] }): JSX.Element {
  const [code, setCode] = useState('');
  const [message, setMessage] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = async (event: React.FormEvent): Promise<void> => {
    event.preventDefault();
    if (!code.trim() || busy) {
      return;
    }
    setBusy(true);
    setMessage('');
    try {
      await confirm(code.trim());
    } catch (error) {
      setMessage(error instanceof Error ? error.message : String(error));
      setCode('');
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="jsec-Cover-form" onSubmit={event => void submit(event)}>
      <label>
        Code from your authenticator app
        <input
          className="jp-mod-styled"
          name="code"
          type="text"
          inputMode="numeric"
          autoComplete="one-time-code"
          spellCheck={false}
          value={code}
          readOnly={busy}
          aria-invalid={message !== ''}
          onChange={event => setCode(event.target.value)}
        />
      </label>
      <button className="jp-mod-styled jp-mod-accept" type="submit" disabled={busy}>
        {busy ? 'Opening…' : 'Open'}
      </button>
      <p className="jsec-Message" role="alert">
        {message}
      </p>
    </form>
  );
}

export function CoverView(props: {
  path: string;
  refusal: IRefusal;
  actions: ICoverActions;
}): JSX.Element {
  const { path, refusal, actions } = props;
  const asksForCode = refusal.reason === 'elevation-required';
  return (
    <section className="jsec-Cover-card" aria-labelledby="jsec-cover-title">
      <lockIcon.react className="jsec-Cover-icon" tag="span" />
      <h2 id="jsec-cover-title">{TITLES[refusal.reason](PathExt.basename(path))}</h2>
      <p>
        {asksForCode
          ? 'Enter a code to open it. Nothing of it is shown until then.'
          : refusal.message}
      </p>
      {asksForCode ? (
        <CodeForm confirm={actions.confirm} />
      ) : (
        <div className="jsec-Buttons">
          {refusal.reason === 'sealed' && (
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
      )}
    </section>
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
  }

  protected override render(): JSX.Element {
    return <CoverView path={this.path} refusal={this.refusal} actions={this.actions} />;
  }

  protected override onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    void (this.renderPromise ?? Promise.resolve()).then(() => {
      (this.node.querySelector<HTMLElement>('input, button') ?? this.node).focus();
    });
  }
}
