/**
 * One field and a button, in the page itself: a wrong answer is told under it and can be put right.
 */
import React, { useRef, useState } from 'react';

export interface ISecret {
  label: string;
  /** A code is shown while it is typed; a passphrase is not, until it is asked for. */
  kind: 'code' | 'passphrase';
  /** Rejects with the server's sentence. */
  submit: (secret: string) => Promise<void>;
}

export function SecretForm({ label, kind, submit }: ISecret): JSX.Element {
  const [secret, setSecret] = useState('');
  const [shown, setShown] = useState(false);
  const [message, setMessage] = useState('');
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const isCode = kind === 'code';
  const send = async (event: React.FormEvent): Promise<void> => {
    event.preventDefault();
    const answer = isCode ? secret.trim() : secret;
    if (!answer || busy) {
      input.current?.focus();
      return;
    }
    setBusy(true);
    setMessage('');
    try {
      await submit(answer);
    } catch (error) {
      setMessage(error instanceof Error ? error.message : String(error));
      setSecret('');
      input.current?.focus();
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="jsec-Cover-form" data-kind={kind} onSubmit={event => void send(event)}>
      <label>
        {label}
        <input
          ref={input}
          className="jp-mod-styled"
          name={kind}
          type={isCode || shown ? 'text' : 'password'}
          inputMode={isCode ? 'numeric' : undefined}
          autoComplete={isCode ? 'one-time-code' : 'off'}
          spellCheck={false}
          value={secret}
          readOnly={busy}
          aria-invalid={message !== ''}
          onChange={event => setSecret(event.target.value)}
        />
      </label>
      {!isCode && (
        <label className="jsec-Cover-show">
          <input
            type="checkbox"
            checked={shown}
            onChange={event => setShown(event.target.checked)}
          />
          Show it while I type
        </label>
      )}
      <button className="jp-mod-styled jp-mod-accept" type="submit" disabled={busy}>
        {busy ? 'Opening…' : 'Open'}
      </button>
      <p className="jsec-Message" role="alert">
        {message}
      </p>
    </form>
  );
}
