/**
 * The progress of encrypting or decrypting a folder, in the panel, and what came of it.
 */
import React, { useRef } from 'react';

import { IMigration } from '../answers';
import { bytes, describeResult, describeRun, files } from '../words';
import { Failures } from './failures';

export interface IMigrationActions {
  stop: () => void;
  dismiss: () => void;
}

/** By bytes, because files differ in size; by files where there are no bytes to count. */
function shareDone(run: IMigration): number {
  const [done, total] = run.bytes_total
    ? [run.bytes_done, run.bytes_total]
    : [run.files_done, run.files_total];
  return total ? Math.min(100, Math.floor((100 * done) / total)) : 0;
}

function countDone(run: IMigration): string {
  return `${run.files_done.toLocaleString('en')} of ${files(run.files_total)}`;
}

export function MigrationRun(props: {
  run: IMigration;
  stopping: boolean;
  actions: IMigrationActions;
}): JSX.Element {
  const { run, stopping, actions } = props;
  const section = useRef<HTMLElement>(null);
  const percent = shareDone(run);
  const failed = run.failed > 0;
  const level = run.running ? undefined : failed || run.stopped ? 'warn' : 'ok';
  const dismiss = (): void => {
    // The focus would be lost with the button that had it.
    section.current?.closest<HTMLElement>('.jsec-Panel')?.focus();
    actions.dismiss();
  };
  return (
    <section
      className="jsec-Section jsec-Run"
      data-level={level}
      aria-labelledby="jsec-run"
      ref={section}
    >
      <h3 id="jsec-run">{describeRun(run)}</h3>
      {run.running && (
        <>
          <div
            className="jsec-Bar"
            role="progressbar"
            aria-labelledby="jsec-run"
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={percent}
            aria-valuetext={countDone(run)}
          >
            <div style={{ width: `${percent}%` }} />
          </div>
          <p className="jsec-Run-count">
            {countDone(run)} · {bytes(run.bytes_done)} of {bytes(run.bytes_total)}
          </p>
        </>
      )}
      <p role="status">{run.running ? '' : describeResult(run)}</p>
      {failed && <Failures failures={run.failures} count={run.failed} open={!run.running} />}
      {/* One button, so that the focus stays on it when the run ends. */}
      <button
        className="jp-mod-styled jsec-Button"
        type="button"
        disabled={run.running && stopping}
        onClick={run.running ? actions.stop : dismiss}
      >
        {run.running ? (stopping ? 'Stopping…' : 'Stop') : 'Close'}
      </button>
    </section>
  );
}
