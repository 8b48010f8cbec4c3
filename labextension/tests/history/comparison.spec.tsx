import { Widget } from '@lumino/widgets';
import React, { act } from 'react';
import { describe, expect, it } from 'vitest';

import type { IComparison } from '../../src/history/api';
import { Comparison } from '../../src/history/comparison';
import type { IRenderers } from '../../src/history/render';
import { settle } from '../helpers';
import { usePlace } from '../mounting';
import { code, notebookOf, text } from './cells';

const place = usePlace();

function widget(words: string): Widget {
  const made = new Widget();
  made.node.textContent = words;
  return made;
}

const renderers: IRenderers = {
  notebook: () => widget('a notebook'),
  outputs: outputs => widget(`output: ${JSON.stringify(outputs[0].text)}`),
  markdown: source => Promise.resolve(widget(`text: ${source}`))
};

const COMPARISON: IComparison = {
  before: notebookOf(text('# Title'), code('x = 1', 'one'), code('gone')),
  after: notebookOf(text('# Title'), code('x = 2', 'two'), code('came')),
  diff: [
    {
      op: 'patch',
      key: 'cells',
      diff: [
        { op: 'patch', key: 1, diff: [] },
        { op: 'addrange', key: 2, valuelist: [{}] },
        { op: 'removerange', key: 2, length: 1 }
      ]
    }
  ]
};

describe('a comparison', () => {
  it('shows lines and outputs of before and after, and folds what is the same', async () => {
    place.render(<Comparison of={COMPARISON} renderers={renderers} />);
    await act(settle);
    const { host } = place;
    expect(host.querySelector('[role=status]')?.textContent).toBe('3 cells differ.');
    expect(host.querySelector('[data-line=removed]')?.textContent).toContain('removed: x = 1');
    expect(host.querySelector('[data-line=added]')?.textContent).toContain('new: x = 2');
    expect(host.querySelector('[data-side=Before]')?.textContent).toContain('output: "one"');
    expect(host.querySelector('[data-side=After]')?.textContent).toContain('output: "two"');
    const titles = [...host.querySelectorAll('h3')].map(node => node.textContent);
    expect(titles).toEqual([
      'Cell (code): text and outputs changed',
      'New cell (code)',
      'Deleted cell (code)'
    ]);
    expect(host.textContent).not.toContain('# Title');
  });

  it('shows what is the same on demand', async () => {
    place.render(<Comparison of={COMPARISON} renderers={renderers} />);
    await place.click('1 cell is as it was · show');
    await act(settle);
    expect(place.host.textContent).toContain('text: # Title');
  });
});
