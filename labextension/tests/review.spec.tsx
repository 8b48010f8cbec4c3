import React, { act } from 'react';
import { describe, expect, it, vi } from 'vitest';

import type { IFailure, IFinding } from '../src/answers';
import { Review } from '../src/views/review';
import type { IReviewActions } from '../src/views/review';
import { usePlace } from './mounting';

const place = usePlace();
const { button, click } = place;

function finding(path: string, can_restore = false): IFinding {
  return { path, finding: 'swapped', sentence: `${path} was swapped.`, can_restore };
}

/** Files that go from the list when they are accepted or restored. */
async function review(...findings: IFinding[]): Promise<IReviewActions> {
  let left = findings;
  const actions = {
    look: vi.fn(() => Promise.resolve({ findings: left, truncated: false })),
    isAltered: () => false,
    accept: vi.fn((path: string) => {
      const before = left.length;
      left = left.filter(
        one => path !== '' && one.path !== path && !one.path.startsWith(`${path}/`)
      );
      return Promise.resolve({ accepted: before - left.length, failures: [] as IFailure[] });
    }),
    restore: vi.fn((path: string) => {
      left = left.filter(one => one.path !== path);
      return Promise.resolve();
    })
  };
  place.render(<Review actions={actions} />);
  await act(() => Promise.resolve());
  return actions;
}

function said(): string {
  return (place.host.querySelector('[role=status]')?.textContent ?? '').replaceAll('\u00a0', ' ');
}

describe('the review of what was found', () => {
  it('lists each file under its folder, with what was found', async () => {
    await review(finding('a.ipynb'), finding('lab/b.ipynb'), finding('lab/c.ipynb'));
    expect(said()).toBe('3 files are not as they were left.');
    expect([...place.host.querySelectorAll('h4')].map(node => node.textContent)).toEqual([
      'Not in a folder',
      'lab/'
    ]);
    expect(place.host.querySelectorAll('li')[2].textContent).toContain(
      'c.ipynbanother encrypted file lies there'
    );
    expect(place.host.querySelector('[title="lab/c.ipynb was swapped."]')).not.toBeNull();
  });

  it('accepts one file only after it was confirmed', async () => {
    const actions = await review(finding('a.ipynb'), finding('b.ipynb'));
    await click('Accept a.ipynb');
    expect(actions.accept).not.toHaveBeenCalled();
    expect(document.activeElement).toBe(button('Yes'));
    await click('Yes');
    expect(actions.accept).toHaveBeenCalledWith('a.ipynb');
    expect(said()).toBe('1 file is accepted. 1 file is not as it was left.');
    expect(document.activeElement).toBe(place.host.querySelector('[role=status]'));
  });

  it('puts the focus back when it is not meant', async () => {
    const actions = await review(finding('a.ipynb'), finding('b.ipynb'));
    await click('Accept b.ipynb');
    await click('No');
    expect(document.activeElement).toBe(button('Accept b.ipynb'));
    expect(actions.accept).not.toHaveBeenCalled();
  });

  it('accepts a whole folder, and what lies deeper in it, with one action', async () => {
    const inLab = ['lab/a.ipynb', 'lab/b.ipynb', 'lab/deep/c.ipynb'].map(path => finding(path));
    const actions = await review(finding('own.ipynb'), ...inLab);
    await click('Accept all in lab/');
    expect(place.host.textContent).toContain('Accept 3\u00a0files as they are now?');
    await click('Yes');
    expect(actions.accept).toHaveBeenCalledWith('lab');
    expect(said()).toContain('3 files are accepted.');
  });

  it('accepts everything with one action', async () => {
    const actions = await review(finding('a.ipynb'), finding('lab/b.ipynb'));
    await click('Accept all');
    await click('Yes');
    expect(actions.accept).toHaveBeenCalledWith('');
    expect(said()).toBe('2 files are accepted. Every file is as it was left.');
  });

  it('accepts a tree of which only the branches hold files', async () => {
    const inLab = ['lab/1/a.ipynb', 'lab/2/b.ipynb'].map(path => finding(path));
    const actions = await review(finding('own.ipynb'), ...inLab);
    await click('Accept all in lab/');
    await click('Yes');
    expect(actions.accept).toHaveBeenCalledWith('lab');
  });

  it('does not list thousands', async () => {
    await review(...Array.from({ length: 1234 }, (_, i) => finding(`lab/${i}.ipynb`)));
    expect(place.host.querySelectorAll('li')).toHaveLength(51);
    expect(place.host.textContent).toContain('And 1,184\u00a0files more.');
  });

  it('offers to restore only what can be', async () => {
    const actions = await review(finding('a.ipynb', true), finding('b.ipynb'));
    expect(() => button('Restore b.ipynb')).toThrow();
    await click('Restore a.ipynb');
    await click('Yes');
    expect(actions.restore).toHaveBeenCalledWith('a.ipynb');
    expect(said()).toContain('a.ipynb is its last good version again.');
  });

  it('says why something was not done, and keeps the list', async () => {
    const actions = await review(finding('a.ipynb'));
    vi.mocked(actions.accept).mockRejectedValue(new Error('It has changed once more.'));
    await click('Accept a.ipynb');
    await click('Yes');
    expect(place.host.querySelector('[role=alert]')?.textContent).toBe('It has changed once more.');
    expect(button('Accept a.ipynb')).toBeDefined();
  });

  it('names what was not accepted, and why', async () => {
    const actions = await review(finding('a.ipynb'), finding('b.ipynb'));
    const failures = [{ path: 'a.ipynb', message: 'It is private.' }];
    vi.mocked(actions.accept).mockResolvedValue({ accepted: 1, failures });
    await click('Accept all');
    await click('Yes');
    expect(place.host.querySelector('.jsec-Failures')?.textContent).toContain(
      'a.ipynb It is private.'
    );
  });

  it('begins a record anew that was changed itself, though no file is known to be', async () => {
    const actions = {
      look: vi.fn().mockResolvedValue({ findings: [], truncated: false }),
      isAltered: () => true,
      accept: vi.fn().mockResolvedValue({ accepted: 0, failures: [] }),
      restore: vi.fn()
    };
    place.render(<Review actions={actions} />);
    await act(() => Promise.resolve());
    expect(said()).toBe('No file is known to be changed.');
    expect(place.host.textContent).toContain('was itself changed from outside');
    await click('Accept all');
    await click('Yes');
    expect(actions.accept).toHaveBeenCalledWith('');
  });
});
