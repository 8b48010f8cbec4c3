/** Which files could not be done, and why. */
import React from 'react';

import { IFailure } from '../answers';
import { files } from '../words';

export function Failures(props: {
  failures: IFailure[];
  /** How many there are, listed or not. */
  count: number;
  open: boolean;
}): JSX.Element {
  const { failures, count, open } = props;
  const more = count - failures.length;
  return (
    <details className="jsec-Failures" open={open}>
      <summary>What could not be ({count.toLocaleString('en')})</summary>
      <ul>
        {failures.map(({ path, message }) => (
          <li key={path}>
            <span className="jsec-Path">{path}</span> {message}
          </li>
        ))}
        {more > 0 && <li>And {files(more)} more.</li>}
      </ul>
    </details>
  );
}
