import { describe, expect, it } from 'vitest';

import { diffLines } from '../../src/history/lineDiff';

const SIGNS = { same: ' ', removed: '-', added: '+' };

function signs(before: string, after: string): string[] {
  return diffLines(before, after).map(({ kind, text }) => SIGNS[kind] + text);
}

/** What a person puts together from the lines: both texts must come out again. */
function apply(before: string, after: string): [string, string] {
  const lines = diffLines(before, after);
  const of = (other: string): string =>
    lines
      .filter(({ kind }) => kind === 'same' || kind === other)
      .map(({ text }) => text)
      .join('\n');
  return [of('removed'), of('added')];
}

describe('the lines of two texts', () => {
  it.each([
    ['a\nb\nc', 'a\nc', [' a', '-b', ' c']],
    ['a\nc', 'a\nb\nc', [' a', '+b', ' c']],
    ['a\nb', 'a\nB', [' a', '-b', '+B']],
    ['', 'a', ['+a']],
    ['a', '', ['-a']],
    ['', '', []],
    ['a', 'a', [' a']],
    ['x\na\ny\nb\nz', 'x\nb\nz\na', [' x', '-a', '-y', ' b', ' z', '+a']]
  ])('%j to %j', (before, after, expected) => {
    expect(signs(before, after)).toEqual(expected);
  });

  it('give both texts back, whatever they were', () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % below;
    };
    const text = (): string =>
      Array.from({ length: 1 + random(12) }, () => 'abcd'[random(4)]).join('\n');
    for (let i = 0; i < 300; i++) {
      const [before, after] = [text(), text()];
      expect(apply(before, after)).toEqual([before, after]);
    }
  });

  it('are marked where a line differs from the one in its place', () => {
    const [old, now] = diffLines('rate = 0.04', 'rate = 0.05');
    expect(old.mark).toEqual([10, 11]);
    expect(now.mark).toEqual([10, 11]);
  });

  it('are not marked where they have little in common', () => {
    const [old] = diffLines('import numpy', 'x');
    expect(old.mark).toBeUndefined();
  });

  it('of two huge texts come at once, as replaced', () => {
    const many = (word: string): string =>
      Array.from({ length: 3000 }, (_, i) => word + i).join('\n');
    expect(diffLines(many('a'), many('b'))).toHaveLength(6000);
  });
});
