import { describe, expect, it } from 'vitest';

import type { IDiffOp } from '../../src/history/api';
import { changesOf } from '../../src/history/cellDiff';
import type { CellChange } from '../../src/history/cellDiff';
import { code, notebookOf, text } from './cells';

const [a, b, c] = [code('a'), code('b'), text('c')];

function cells(before: object[], after: object[], diff: IDiffOp[]): CellChange[] {
  return changesOf({
    before: notebookOf(...(before as (typeof a)[])),
    after: notebookOf(...(after as (typeof a)[])),
    diff: diff.length ? [{ op: 'patch', key: 'cells', diff }] : []
  }).cells;
}

function kinds(changes: CellChange[]): string[] {
  return changes.map(change => change.kind);
}

describe('the cells of two notebooks', () => {
  it('are the same where nothing is said', () => {
    expect(kinds(cells([a, b], [a, b], []))).toEqual(['same', 'same']);
  });

  it('came and went where nbdime says so', () => {
    const diff = [
      { op: 'addrange', key: 0, valuelist: [c] },
      { op: 'removerange', key: 1, length: 1 }
    ];
    const changes = cells([a, b], [c, a], diff);
    expect(kinds(changes)).toEqual(['added', 'same', 'removed']);
    expect(changes[2]).toMatchObject({ cell: { source: 'b' } });
  });

  it('tell what of them changed', () => {
    const now = code('a2', 'printed');
    const [change] = cells([a], [now], [{ op: 'patch', key: 0, diff: [] }]);
    expect(change).toMatchObject({
      kind: 'changed',
      parts: { source: true, outputs: true, type: false, metadata: false, ran: false }
    });
  });

  it('that were only run again say so', () => {
    const [before, after] = [1, 2].map(run => code('a', 'x', { execution_count: run }));
    const [change] = cells([before], [after], [{ op: 'patch', key: 0, diff: [] }]);
    expect(change).toMatchObject({ kind: 'changed', parts: { ran: true, outputs: false } });
  });

  it('are the same whose metadata differ in their order, and in when they ran', () => {
    const before = code('a', '', { metadata: { tags: ['x'], collapsed: true } });
    const execution = { 'iopub.status.busy': '2026' };
    const after = code('a', '', { metadata: { collapsed: true, execution, tags: ['x'] } });
    expect(kinds(cells([before], [after], [{ op: 'patch', key: 0, diff: [] }]))).toEqual(['same']);
  });

  it('are not shown by a comparison that does not fit them', () => {
    expect(() => cells([a], [a, b], [])).toThrow('does not fit');
  });
});
