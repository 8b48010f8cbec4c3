/**
 * Keeps what somebody reads in its place when rows come above it.
 */
import React, { useLayoutEffect, useRef } from 'react';

/** For the part that scrolls around one table. It must be able to take the focus itself. */
export function useStill(): React.HTMLAttributes<HTMLDivElement> &
  React.RefAttributes<HTMLDivElement> {
  const ref = useRef<HTMLDivElement>(null);
  const first = useRef<{ row: HTMLElement; top: number } | null>(null);
  const hasFocus = useRef(false);
  useLayoutEffect(() => {
    const part = ref.current;
    if (part === null) {
      return;
    }
    // At the top the newest is what one wants to see, unless somebody is busy with a row.
    const reads = part.scrollTop > 0 || part.querySelector(':focus') !== null;
    if (first.current?.row.isConnected && reads) {
      part.scrollTop += first.current.row.offsetTop - first.current.top;
    }
    const row = part.querySelector<HTMLElement>('tbody tr');
    first.current = row && { row, top: row.offsetTop };
    // A start goes when its outcome comes; who was on its button would be thrown out of the list.
    if (hasFocus.current && !part.contains(document.activeElement)) {
      part.focus({ preventScroll: true });
    }
  });
  return {
    ref,
    onFocus: () => (hasFocus.current = true),
    onBlur: () => (hasFocus.current = false)
  };
}
