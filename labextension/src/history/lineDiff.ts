/**
 * Two texts compared line by line, and a changed line letter by letter.
 */

export interface ILine {
  kind: 'same' | 'removed' | 'added';
  text: string;
  /** Where the part begins and ends that differs from the line that stands in its place. */
  mark?: [number, number];
}

/** More comparisons than these would be felt: then everything in between counts as replaced. */
const MOST = 4_000_000;

export function diffLines(before: string, after: string): ILine[] {
  const old = linesOf(before);
  const now = linesOf(after);
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) {
    start++;
  }
  let end = 0;
  while (
    end < old.length - start &&
    end < now.length - start &&
    old[old.length - 1 - end] === now[now.length - 1 - end]
  ) {
    end++;
  }
  const same = (text: string): ILine => ({ kind: 'same', text });
  return markPairs([
    ...old.slice(0, start).map(same),
    ...between(old.slice(start, old.length - end), now.slice(start, now.length - end)),
    ...old.slice(old.length - end).map(same)
  ]);
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.split('\n');
}

/** The longest common subsequence: what is not in it was removed or added. */
function between(old: string[], now: string[]): ILine[] {
  const removed = (text: string): ILine => ({ kind: 'removed', text });
  const added = (text: string): ILine => ({ kind: 'added', text });
  if (old.length * now.length > MOST) {
    return [...old.map(removed), ...now.map(added)];
  }
  const width = now.length + 1;
  const longest = new Uint32Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      longest[i * width + j] =
        old[i] === now[j]
          ? longest[(i + 1) * width + j + 1] + 1
          : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  const lines: ILine[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push({ kind: 'same', text: old[i++] });
      j++;
    } else if (
      j === now.length ||
      (i < old.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1])
    ) {
      lines.push(removed(old[i++]));
    } else {
      lines.push(added(now[j++]));
    }
  }
  return lines;
}

/** Where as many lines came as went, each is marked where it differs from its counterpart. */
function markPairs(lines: ILine[]): ILine[] {
  for (let at = 0; at < lines.length;) {
    const removed = run(lines, at, 'removed');
    const added = run(lines, at + removed, 'added');
    if (removed > 0 && removed === added) {
      for (let pair = at; pair < at + removed; pair++) {
        markPair(lines[pair], lines[pair + removed]);
      }
    }
    at += Math.max(1, removed + added);
  }
  return lines;
}

function run(lines: ILine[], from: number, kind: ILine['kind']): number {
  let to = from;
  while (to < lines.length && lines[to].kind === kind) {
    to++;
  }
  return to - from;
}

function markPair(old: ILine, now: ILine): void {
  const [a, b] = [old.text, now.text];
  const least = Math.min(a.length, b.length);
  let start = 0;
  while (start < least && a[start] === b[start]) {
    start++;
  }
  let end = 0;
  while (end < least - start && a[a.length - 1 - end] === b[b.length - 1 - end]) {
    end++;
  }
  // Lines that have little in common are read more easily unmarked.
  if (start + end >= least / 3) {
    old.mark = [start, a.length - end];
    now.mark = [start, b.length - end];
  }
}
