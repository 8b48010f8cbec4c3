import { Widget } from '@lumino/widgets';
import { describe, expect, it } from 'vitest';

import { MainView } from '../src/views/mainView';

class View extends MainView {
  protected override render(): null {
    return null;
  }
}

describe('a view in the main area', () => {
  it('is gone once its tab is closed, so that it can be opened anew', () => {
    const view = new View();
    Widget.attach(view, document.body);
    view.close();
    expect(view.isDisposed).toBe(true);
  });
});
