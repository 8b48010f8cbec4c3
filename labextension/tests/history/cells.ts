/** Notebooks for tests. */
import type * as nbformat from '@jupyterlab/nbformat';

export function code(source: string, printed = '', change: object = {}): nbformat.ICell {
  return {
    cell_type: 'code',
    id: source.slice(0, 4) || 'none',
    source,
    metadata: {},
    execution_count: null,
    outputs: printed ? [{ output_type: 'stream', name: 'stdout', text: printed }] : [],
    ...change
  };
}

export function text(source: string): nbformat.ICell {
  return { cell_type: 'markdown', id: 't', source, metadata: {} };
}

export function notebookOf(...cells: nbformat.ICell[]): nbformat.INotebookContent {
  return { cells, metadata: {}, nbformat: 4, nbformat_minor: 5 };
}
