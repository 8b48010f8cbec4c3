/**
 * The view "History": on one side the versions of a notebook, on the other what one holds, or how it
 * differs from another.
 */
import { UseSignal } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { LabIcon } from '@jupyterlab/ui-components';
import React, { useCallback } from 'react';

import { MainView } from '../views/mainView';
import { mayWrite } from '../roles';
import { Comparison } from './comparison';
import { Hosted } from './hosted';
import { NotebookHistory, Other, Shown } from './notebookHistory';
import { IVersion } from './api';
import { IRenderers } from './render';
import { VersionList } from './versionList';
import { describeVersion } from './words';

export interface IHistoryProps {
  history: NotebookHistory;
  renderers: IRenderers;
  /** Ask whether a version is to be restored, and do it. */
  restore: (version: IVersion) => void;
}

export function HistoryView(props: IHistoryProps): JSX.Element {
  const { history } = props;
  const { versions, selected, problem, said, path } = history;
  return (
    <>
      <div className="jsec-View-head">
        <h2>History of {PathExt.basename(path)}</h2>
        <p role="status">{said || (versions === null && !problem ? 'Looking…' : '')}</p>
        {problem && (
          <p className="jsec-Message" role="alert">
            {problem}{' '}
            <button className="jsec-Link" type="button" onClick={() => void history.load()}>
              Look again
            </button>
          </p>
        )}
      </div>
      {versions !== null && versions.length === 0 && (
        <p className="jsec-View-empty">
          No version is kept yet. From the first time it is saved and sealed, each save by hand
          keeps one.
        </p>
      )}
      {versions !== null && versions.length > 0 && (
        <div className="jsec-History-parts">
          <nav aria-label="Versions">
            <label className="jsec-History-all">
              <input
                type="checkbox"
                checked={history.events !== null}
                onChange={event => void history.tell(event.target.checked)}
              />
              Everything that happened to it
            </label>
            <VersionList
              versions={versions}
              events={history.events}
              selected={selected?.number ?? null}
              path={path}
              select={number => void history.select(number)}
            />
            {history.truncated && <p className="jsec-View-empty">There are older ones.</p>}
          </nav>
          {selected && <Selected {...props} selected={selected} versions={versions} />}
        </div>
      )}
    </>
  );
}

function Selected(
  props: IHistoryProps & { selected: IVersion; versions: IVersion[] }
): JSX.Element {
  const { history, renderers, restore, selected, versions } = props;
  const { number } = selected;
  const { shown, other } = history;
  const before = versions.find(version => version.number < number)?.number;
  const compareWith = (next: Other | null): void => void history.select(number, next);
  return (
    <section className="jsec-History-shown" aria-label={`Version ${number}`}>
      <div className="jsec-History-head">
        <div>
          <h3>Version {number}</h3>
          <p>{describeVersion(selected)}</p>
        </div>
        <div className="jsec-History-choices">
          <div className="jsec-Switch" role="group" aria-label="How it is shown">
            <button type="button" aria-pressed={other === null} onClick={() => compareWith(null)}>
              Look at it
            </button>
            <button
              type="button"
              aria-pressed={other !== null}
              onClick={() => compareWith(other ?? before ?? 'current')}
            >
              Compare
            </button>
          </div>
          {other !== null && (
            <label>
              with{' '}
              <select
                className="jp-mod-styled"
                value={other}
                onChange={({ target: { value } }) =>
                  compareWith(value === 'current' ? value : Number(value))
                }
              >
                <option value="current">the notebook as it is now</option>
                {versions
                  .filter(version => version.number !== number)
                  .map(version => (
                    <option key={version.number} value={version.number}>
                      version {version.number}
                      {version.number === before ? ', the one before' : ''}
                    </option>
                  ))}
              </select>
            </label>
          )}
          {mayWrite() && (
            <button
              className="jp-mod-styled"
              type="button"
              disabled={history.busy}
              onClick={() => restore(selected)}
            >
              Restore…
            </button>
          )}
        </div>
      </div>
      <div className="jsec-History-content" aria-busy={history.busy}>
        {shown && <Content shown={shown} renderers={renderers} />}
      </div>
    </section>
  );
}

function Content({ shown, renderers }: { shown: Shown; renderers: IRenderers }): JSX.Element {
  const make = useCallback(
    (of: Shown & { what: 'version' }) => renderers.notebook(of.content),
    [renderers]
  );
  return shown.what === 'version' ? (
    <Hosted of={shown} make={make} />
  ) : (
    <Comparison of={shown.comparison} renderers={renderers} />
  );
}

export class HistoryWidget extends MainView {
  constructor(
    private readonly view: IHistoryProps,
    icon: LabIcon
  ) {
    super();
    const { path } = view.history;
    this.id = idOf(path);
    this.title.label = `History: ${PathExt.basename(path)}`;
    this.title.caption = path;
    this.title.icon = icon;
    this.title.closable = true;
    this.addClass('jsec-View');
    this.addClass('jsec-History');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.title.label);
  }

  override dispose(): void {
    this.view.history.dispose();
    super.dispose();
  }

  protected override render(): JSX.Element {
    return (
      <UseSignal signal={this.view.history.changed}>
        {() => <HistoryView {...this.view} />}
      </UseSignal>
    );
  }
}

/** One view for each notebook. */
export function idOf(path: string): string {
  return `jupyter-secure-history-${path}`;
}
