/**
 * Two versions beside each other, as notebooks: what of which cell is not as it was.
 */
import type * as nbformat from '@jupyterlab/nbformat';
import React, { useCallback, useMemo, useState } from 'react';

import { CellChange, changesOf, outputsOf, sourceOf } from './cellDiff';
import { Hosted } from './hosted';
import { ILine, diffLines } from './lineDiff';
import { IComparison } from './api';
import { IRenderers } from './render';
import { partWords } from './words';

export function Comparison(props: { of: IComparison; renderers: IRenderers }): JSX.Element {
  const { of, renderers } = props;
  const changes = useMemo(() => changesOf(of), [of]);
  const groups = useMemo(() => grouped(changes.cells), [changes]);
  const count = changes.cells.filter(({ kind }) => kind !== 'same').length;
  return (
    <div className="jsec-Comparison">
      <p role="status">{describe(count, changes.metadata)}</p>
      {groups.map((group, index) =>
        group[0].kind === 'same' ? (
          <Same key={index} cells={group} renderers={renderers} />
        ) : (
          group.map((change, place) => (
            <Change key={`${index}-${place}`} change={change} renderers={renderers} />
          ))
        )
      )}
    </div>
  );
}

function describe(count: number, metadata: boolean): string {
  const cells =
    count === 0 ? 'No cell differs' : count === 1 ? '1 cell differs' : `${count} cells differ`;
  return metadata
    ? `${cells}. The notebook’s own metadata, such as its kernel, differ too.`
    : `${cells}.`;
}

/** Cells that are as they were lie together, so that they can be folded away. */
function grouped(cells: CellChange[]): CellChange[][] {
  const groups: CellChange[][] = [];
  for (const change of cells) {
    const last = groups[groups.length - 1];
    if (last && (last[0].kind === 'same') === (change.kind === 'same')) {
      last.push(change);
    } else {
      groups.push([change]);
    }
  }
  return groups;
}

function Same(props: { cells: CellChange[]; renderers: IRenderers }): JSX.Element {
  const [open, setOpen] = useState(false);
  const { cells, renderers } = props;
  const count = cells.length === 1 ? '1 cell is' : `${cells.length} cells are`;
  return (
    <div className="jsec-Same">
      <button
        className="jsec-Link"
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {count} as {cells.length === 1 ? 'it was' : 'they were'} · {open ? 'hide' : 'show'}
      </button>
      {open &&
        cells.map(
          (change, index) =>
            change.kind === 'same' && (
              <section key={index} className="jsec-Change" aria-label="Unchanged cell">
                <Whole cell={change.cell} renderers={renderers} />
              </section>
            )
        )}
    </div>
  );
}

const TITLES = { added: 'New cell', removed: 'Deleted cell' };

function Change(props: { change: CellChange; renderers: IRenderers }): JSX.Element | null {
  const { change, renderers } = props;
  if (change.kind === 'same') {
    return null;
  }
  if (change.kind !== 'changed') {
    const title = `${TITLES[change.kind]} (${typeWords(change.cell)})`;
    return (
      <section className="jsec-Change" data-change={change.kind} aria-label={title}>
        <h3>{title}</h3>
        <Lines lines={sourceLines(change.cell, change.kind)} />
        <Outputs outputs={outputsOf(change.cell)} renderers={renderers} />
      </section>
    );
  }
  const { before, after, parts } = change;
  const title = `Cell (${typeWords(after)}): ${partWords(parts)}`;
  return (
    <section className="jsec-Change" data-change="changed" aria-label={title}>
      <h3>
        {title}
        {parts.type && ` · was ${typeWords(before)}`}
      </h3>
      <Lines
        lines={
          parts.source ? diffLines(sourceOf(before), sourceOf(after)) : sourceLines(after, 'same')
        }
      />
      {parts.outputs ? (
        <div className="jsec-Change-outputs">
          <Side name="Before" cell={before} renderers={renderers} />
          <Side name="After" cell={after} renderers={renderers} />
        </div>
      ) : (
        <Outputs outputs={outputsOf(after)} renderers={renderers} />
      )}
    </section>
  );
}

function Side(props: { name: string; cell: nbformat.ICell; renderers: IRenderers }): JSX.Element {
  const outputs = outputsOf(props.cell);
  return (
    <div data-side={props.name}>
      <h4>{props.name}</h4>
      {outputs.length ? (
        <Outputs outputs={outputs} renderers={props.renderers} />
      ) : (
        <p className="jsec-Change-none">No output</p>
      )}
    </div>
  );
}

function typeWords({ cell_type }: nbformat.ICell): string {
  return cell_type === 'markdown' ? 'text' : String(cell_type);
}

function sourceLines(cell: nbformat.ICell, kind: ILine['kind']): ILine[] {
  return sourceOf(cell)
    .split('\n')
    .map(text => ({ kind, text }));
}

const SIGNS: Record<ILine['kind'], string> = { same: ' ', removed: '−', added: '+' };
const LINE_WORDS: Record<ILine['kind'], string> = {
  same: '',
  removed: 'removed: ',
  added: 'new: '
};

/** As text, so that what is copied or read out is the lines and which of them are new. */
function Lines({ lines }: { lines: ILine[] }): JSX.Element {
  return (
    <pre className="jsec-Lines" tabIndex={0} aria-label="Text of the cell">
      {lines.map((line, index) => (
        <span key={index} data-line={line.kind}>
          <span className="jsec-Lines-sign" aria-hidden="true">
            {SIGNS[line.kind]}
          </span>
          <span className="jsec-sr-only">{LINE_WORDS[line.kind]}</span>
          <Marked {...line} />
          {'\n'}
        </span>
      ))}
    </pre>
  );
}

function Marked({ text, mark }: ILine): JSX.Element {
  return mark ? (
    <>
      {text.slice(0, mark[0])}
      <mark>{text.slice(...mark)}</mark>
      {text.slice(mark[1])}
    </>
  ) : (
    <>{text}</>
  );
}

function Whole(props: { cell: nbformat.ICell; renderers: IRenderers }): JSX.Element {
  const { cell, renderers } = props;
  const make = useCallback((text: string) => renderers.markdown(text), [renderers]);
  return cell.cell_type === 'markdown' ? (
    <Hosted of={sourceOf(cell)} make={make} className="jsec-Change-text" />
  ) : (
    <>
      <Lines lines={sourceLines(cell, 'same')} />
      <Outputs outputs={outputsOf(cell)} renderers={renderers} />
    </>
  );
}

function Outputs(props: {
  outputs: nbformat.IOutput[];
  renderers: IRenderers;
}): JSX.Element | null {
  const { outputs, renderers } = props;
  const make = useCallback((of: nbformat.IOutput[]) => renderers.outputs(of), [renderers]);
  return outputs.length ? <Hosted of={outputs} make={make} className="jsec-Outputs" /> : null;
}
