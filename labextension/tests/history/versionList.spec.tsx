import React from 'react';
import { describe, expect, it, vi } from 'vitest';

import type { IVersion } from '../../src/history/api';
import { VersionList, merged } from '../../src/history/versionList';
import { event } from '../record/events';
import { usePlace } from '../mounting';

const place = usePlace();

const VERSION: IVersion = {
  ...{ number: 2, at: '2026-11-21T10:00:00+00:00', account: 'alice', kind: 'restored' },
  ...{ size: 1200, path: 'old/a.ipynb', restored: 1 }
};

describe('the list of versions', () => {
  it('says who, why, how large, and where it was when it was elsewhere', async () => {
    const select = vi.fn();
    const props = { versions: [VERSION], events: null, selected: null, select };
    place.render(<VersionList {...props} path="a.ipynb" />);
    const button = place.host.querySelector('button') as HTMLButtonElement;
    expect(button.textContent).toContain('alice · version 1 restored · 1.2\u00a0kB');
    expect(button.textContent).toContain('as old/a.ipynb');
    expect(button.querySelector('time')?.title).toContain('UTC');
    button.click();
    expect(select).toHaveBeenCalledWith(2);
    await Promise.resolve();
  });

  it('tells between them what else happened, but not that somebody looked at it', () => {
    const opened = event(9, { action: 'file:open', time: '2026-11-21T11:00:00+00:00' });
    const listed = event(8, { action: 'version:list', time: '2026-11-21T10:30:00+00:00' });
    const saved = event(7, { time: '2026-11-21T10:00:01+00:00' });
    const earlier = event(1, { time: '2026-11-21T09:00:00+00:00' });
    const entries = merged([VERSION], [opened, listed, saved, earlier]);
    expect(entries.map(entry => ('event' in entry ? entry.event.seq : 'version'))).toEqual([
      9,
      'version',
      1
    ]);
  });
});
