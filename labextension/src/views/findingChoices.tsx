/**
 * What can be done about a file that is not as it was left, on the page that covers it.
 */
import React, { useEffect, useId, useState } from 'react';

export interface IFindingActions {
  /** Whether the server still has the last good version. */
  canRestore: () => Promise<boolean>;
  /** These two reject with the server's sentence. */
  accept: () => Promise<void>;
  restore: () => Promise<void>;
  close: () => void;
}

export function FindingChoices({ actions }: { actions: IFindingActions }): JSX.Element {
  // The choices come when all of them are known: none moves under a finger that is about to press.
  const [looked, setLooked] = useState(false);
  const [canRestore, setCanRestore] = useState<boolean | null>(null);
  const id = useId();
  const [message, setMessage] = useState('');
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    let gone = false;
    const look = async (): Promise<void> => {
      // Where it cannot be asked, the two choices that need nothing of the server's are left.
      const can = await actions.canRestore().catch(() => null);
      if (!gone) {
        setCanRestore(can);
        setLooked(true);
      }
    };
    void look();
    return () => {
      gone = true;
    };
  }, [actions]);
  const run = async (action: () => Promise<void>): Promise<void> => {
    if (busy) {
      return;
    }
    setBusy(true);
    setMessage('');
    try {
      await action();
    } catch (error) {
      setMessage(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  if (!looked) {
    return <></>;
  }
  return (
    <>
      <ul className="jsec-Choices">
        {canRestore && (
          <li>
            <button
              className="jp-mod-styled jp-mod-accept"
              type="button"
              disabled={busy}
              aria-describedby={`${id}-restore`}
              onClick={() => void run(actions.restore)}
            >
              Restore the last good version
            </button>
            <span id={`${id}-restore`}>What lies there now is replaced by it.</span>
          </li>
        )}
        <li>
          <button
            className="jp-mod-styled"
            type="button"
            disabled={busy}
            aria-describedby={`${id}-accept`}
            onClick={() => void run(actions.accept)}
          >
            Accept it as it is
          </button>
          <span id={`${id}-accept`}>
            You put it there yourself: copied it, restored a backup, or checked out a version.
          </span>
        </li>
        <li>
          <button
            className="jp-mod-styled"
            type="button"
            aria-describedby={`${id}-leave`}
            onClick={actions.close}
          >
            Leave it
          </button>
          <span id={`${id}-leave`}>Nothing is changed; this page closes.</span>
        </li>
      </ul>
      {canRestore === false && (
        <p className="jsec-Choices-note">There is no good version on the server to restore.</p>
      )}
      <p className="jsec-Message" role="alert">
        {message}
      </p>
    </>
  );
}
