/**
 * Old versions drawn with JupyterLab's own means: to be looked at, neither changed nor run.
 *
 * Whatever would run in the page is left out, however far the notebook is trusted now: an old
 * version may be anybody's.
 */
import { IEditorServices } from '@jupyterlab/codeeditor';
import type * as nbformat from '@jupyterlab/nbformat';
import { NotebookModel, NotebookPanel, StaticNotebook } from '@jupyterlab/notebook';
import { OutputAreaModel, SimplifiedOutputArea } from '@jupyterlab/outputarea';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';

export interface IRenderers {
  notebook(content: nbformat.INotebookContent): Widget;
  outputs(outputs: nbformat.IOutput[]): Widget;
  markdown(text: string): Promise<Widget>;
}

export class Renderers implements IRenderers {
  constructor(
    private readonly rendermime: IRenderMimeRegistry,
    private readonly editors: IEditorServices,
    private readonly contentFactory: NotebookPanel.IContentFactory
  ) {}

  notebook(content: nbformat.INotebookContent): Widget {
    const widget = new StaticNotebook({
      rendermime: this.rendermime,
      contentFactory: this.contentFactory,
      mimeTypeService: this.editors.mimeTypeService,
      editorConfig: {
        code: READ_ONLY,
        markdown: READ_ONLY,
        raw: READ_ONLY
      },
      notebookConfig: {
        ...StaticNotebook.defaultNotebookConfig,
        // All of it is there at once: it can be searched by the browser, and printed.
        windowingMode: 'none',
        scrollPastEnd: false
      }
    });
    const model = new NotebookModel();
    model.fromJSON(untrusted(content));
    model.readOnly = true;
    widget.model = model;
    for (const cell of widget.widgets) {
      cell.readOnly = true;
    }
    widget.disposed.connect(() => model.dispose());
    widget.addClass('jp-Notebook');
    widget.addClass('jsec-OldNotebook');
    return widget;
  }

  outputs(outputs: nbformat.IOutput[]): Widget {
    const model = new OutputAreaModel({ values: outputs, trusted: false });
    const area = new SimplifiedOutputArea({ model, rendermime: this.rendermime });
    area.disposed.connect(() => model.dispose());
    return area;
  }

  async markdown(text: string): Promise<Widget> {
    const renderer = this.rendermime.createRenderer('text/markdown');
    const data = { 'text/markdown': text };
    await renderer.renderModel(this.rendermime.createModel({ data, trusted: false }));
    return renderer;
  }
}

const READ_ONLY = { readOnly: true };

function untrusted(content: nbformat.INotebookContent): nbformat.INotebookContent {
  return {
    ...content,
    cells: content.cells.map(cell => ({
      ...cell,
      metadata: { ...cell.metadata, trusted: false }
    }))
  };
}
