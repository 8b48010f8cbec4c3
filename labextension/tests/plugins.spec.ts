import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Connection } from '../src/connection';
import { panel } from '../src/plugins/views';
import { makeStatus } from './helpers';

let security: { configured: boolean; changed: Signal<object, void> };
let shown: Map<string, Widget>;

/** Start the panel's plugin as JupyterLab (with a restorer) or as Notebook 7 does. */
async function start(restorer: ILayoutRestorer | null): Promise<void> {
  const shell = { add: (widget: Widget, area: string) => void shown.set(area, widget) };
  const app = {
    commands: new CommandRegistry(),
    shell,
    serviceManager: { contents: { fileChanged: new Signal<object, void>({}) } }
  } as unknown as JupyterFrontEnd;
  const migrating = {
    changed: new Signal<object, void>({}),
    begun: new Signal<object, void>({}),
    run: null
  };
  await panel.activate(app, security, {}, {}, migrating, {}, restorer && shell, restorer);
}

beforeEach(() => {
  shown = new Map();
  security = {
    configured: true,
    changed: new Signal<object, void>({}),
    ...{ connection: new Connection(), status: makeStatus() }
  };
});

describe('the panel in JupyterLab', () => {
  it('is open again after a reload if it was open before', async () => {
    const add = vi.fn();
    await start({ add } as unknown as ILayoutRestorer);
    expect(add).toHaveBeenCalledWith(shown.get('left'), 'jupyter-secure-panel');
  });
});

describe('the sign in Notebook 7', () => {
  it('is there at once when the first status came before it', async () => {
    await start(null);
    expect(shown.get('top')?.isHidden).toBe(false);
  });

  it('stays away where nothing is set up, and comes when it is known that something is', async () => {
    security.configured = false;
    await start(null);
    expect(shown.get('top')?.isHidden).toBe(true);
    security.configured = true;
    security.changed.emit();
    expect(shown.get('top')?.isHidden).toBe(false);
  });
});
