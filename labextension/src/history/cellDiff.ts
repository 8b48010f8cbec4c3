/**
 * What nbdime says of two notebooks, cell by cell.
 */
import type * as nbformat from '@jupyterlab/nbformat';

import { IComparison, IDiffOp } from './api';

export type CellChange =
  | { kind: 'same'; cell: nbformat.ICell }
  | { kind: 'added'; cell: nbformat.ICell }
  | { kind: 'removed'; cell: nbformat.ICell }
  | { kind: 'changed'; before: nbformat.ICell; after: nbformat.ICell; parts: ICellParts };

/** What of a cell is not as it was. */
export interface ICellParts {
  source: boolean;
  outputs: boolean;
  type: boolean;
  /** Anything that is not shown in a notebook: tags, whether it is folded. */
  metadata: boolean;
  /** It was run again, with the same result. */
  ran: boolean;
}

export interface IChanges {
  cells: CellChange[];
  /** Whether something about the notebook as a whole changed, its kernel say. */
  metadata: boolean;
}

export function changesOf({ before, after, diff }: IComparison): IChanges {
  const cells = diff.find(({ key }) => key === 'cells')?.diff ?? [];
  return {
    cells: align(before.cells, after.cells, cells),
    metadata: diff.some(({ key }) => key === 'metadata')
  };
}

function align(before: nbformat.ICell[], after: nbformat.ICell[], ops: IDiffOp[]): CellChange[] {
  const changes: CellChange[] = [];
  let old = 0;
  let now = 0;
  const keep = (until: number): void => {
    while (old < until) {
      changes.push(change(before[old++], after[now++]));
    }
  };
  for (const { op, key, valuelist, length } of ops) {
    keep(Number(key));
    if (op === 'addrange') {
      for (let n = valuelist?.length ?? 0; n > 0; n--) {
        changes.push({ kind: 'added', cell: after[now++] });
      }
    } else if (op === 'removerange') {
      for (let n = length ?? 0; n > 0; n--) {
        changes.push({ kind: 'removed', cell: before[old++] });
      }
    } else {
      keep(old + 1);
    }
  }
  keep(before.length);
  if (now !== after.length) {
    throw new Error('The comparison that the server sent does not fit the two versions.');
  }
  return changes;
}

function change(before: nbformat.ICell, after: nbformat.ICell): CellChange {
  const outputs = !same(bare(before.outputs), bare(after.outputs));
  const source = sourceOf(before) !== sourceOf(after);
  const parts = {
    source,
    outputs,
    type: before.cell_type !== after.cell_type,
    metadata: !same(shown(before.metadata), shown(after.metadata)),
    ran: !source && !outputs && before.execution_count !== after.execution_count
  };
  return Object.values(parts).some(Boolean)
    ? { kind: 'changed', before, after, parts }
    : { kind: 'same', cell: after };
}

/** The text of a cell, which the format allows to be in pieces. */
export function sourceOf({ source }: nbformat.ICell): string {
  return Array.isArray(source) ? source.join('') : source;
}

export function outputsOf(cell: nbformat.ICell): nbformat.IOutput[] {
  return (cell.outputs as nbformat.IOutput[] | undefined) ?? [];
}

/** Outputs without the numbers of their runs, which change though nothing else does. */
function bare(outputs: unknown): unknown {
  return ((outputs as object[] | undefined) ?? []).map(output => ({
    ...output,
    execution_count: null
  }));
}

/** Metadata without what is only about this copy: when it ran, and whether it is trusted. */
function shown(metadata: object): object {
  return { ...metadata, execution: null, trusted: null };
}

/** Whether two values are the same as JSON, in whatever order their members stand. */
function same(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner
  );
}
