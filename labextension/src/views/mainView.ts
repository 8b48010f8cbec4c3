/** A view in the main area: once its tab is closed, it is gone, and opens anew the next time. */
import { ReactWidget } from '@jupyterlab/apputils';
import { Message } from '@lumino/messaging';

export abstract class MainView extends ReactWidget {
  protected override onCloseRequest(msg: Message): void {
    super.onCloseRequest(msg);
    this.dispose();
  }
}
