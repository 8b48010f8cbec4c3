/**
 * What stands in for a file whose content is withheld.
 *
 * JupyterLab answers a failed load with an error dialog over an empty, dirty tab. A stand-in that
 * loads avoids both, and a cover is drawn over it. It must never be saved over the real file, so
 * it carries a mark that `isPlaceholder` finds in whatever is about to be saved.
 */
import { PathExt } from '@jupyterlab/coreutils';
import { Contents } from '@jupyterlab/services';

const MARK = 'jupyter-secure-withheld';
const TEXT = `${MARK}: the content of this file is withheld by its lock.`;

// An empty list of cells would make JupyterLab insert a code cell and so change the document.
const NOTEBOOK = {
  cells: [{ cell_type: 'raw', id: 'withheld', metadata: {}, source: '' }],
  metadata: { [MARK]: true },
  nbformat: 4,
  nbformat_minor: 5
};

export function makePlaceholder(path: string, options: Contents.IFetchOptions): Contents.IModel {
  const type = options.type ?? (PathExt.extname(path) === '.ipynb' ? 'notebook' : 'file');
  const asked = options.content !== false;
  const notebook = type === 'notebook';
  // The date is the oldest one, so that it never counts as a change on disk.
  const date = new Date(0).toISOString();
  return {
    name: PathExt.basename(path),
    path,
    type,
    created: date,
    last_modified: date,
    writable: false,
    mimetype: notebook ? '' : 'text/plain',
    format: asked ? (notebook ? 'json' : 'text') : null,
    content: asked ? (notebook ? structuredClone(NOTEBOOK) : TEXT) : null
  };
}

export function isPlaceholder(content: unknown): boolean {
  if (typeof content === 'string') {
    return content.startsWith(TEXT);
  }
  const metadata = (content as { metadata?: Record<string, unknown> } | null)?.metadata;
  return metadata?.[MARK] === true;
}
