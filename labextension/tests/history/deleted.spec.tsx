import React, { act } from 'react';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { ApiError } from '../../src/api';
import type { IDeleted } from '../../src/history/api';
import { Deleted, besides } from '../../src/history/deleted';
import type { IDeletedActions } from '../../src/history/deleted';
import { settle } from '../helpers';
import { usePlace } from '../mounting';

const place = usePlace();

const GONE: IDeleted = {
  ...{ file_id: 'f1', path: 'lab/a.ipynb', at: '2026-11-21T10:00:00+00:00' },
  ...{ account: 'alice', size: 1200, locked: null }
};

let undelete: ReturnType<typeof vi.fn<IDeletedActions['undelete']>>;

async function show(one: IDeleted): Promise<void> {
  const list = (): ReturnType<IDeletedActions['list']> =>
    Promise.resolve({ deleted: [one], truncated: false });
  place.render(<Deleted actions={{ list, undelete, open: vi.fn() }} />);
  await act(settle);
}

beforeEach(() => {
  undelete = vi.fn<IDeletedActions['undelete']>().mockResolvedValue('lab/a.ipynb');
});

describe('the deleted notebooks', () => {
  it('come back where they were', async () => {
    await show(GONE);
    await place.click('Bring a.ipynb back');
    await act(settle);
    expect(undelete).toHaveBeenCalledWith(GONE, {});
    expect(place.host.textContent).toContain('a.ipynb is back');
  });

  it('come back beside what lies there now', async () => {
    undelete.mockRejectedValueOnce(new ApiError(409, 'It exists already.', 'conflict', null));
    await show(GONE);
    await place.click('Bring a.ipynb back');
    await act(settle);
    expect(place.host.querySelector('[role=alert]:not(:empty)')?.textContent).toBe(
      'It exists already.'
    );
    await place.click('Bring a.ipynb back');
    expect(undelete).toHaveBeenLastCalledWith(GONE, { path: 'lab/a (restored).ipynb' });
  });

  it('take their passphrase where they lie under one', async () => {
    const sealed = { ...GONE, locked: 'sealed' };
    await show(sealed);
    await place.click('Bring a.ipynb back');
    expect(undelete).not.toHaveBeenCalled();
    await place.type('input[type=password]', 'seven herons');
    await place.click('Bring a.ipynb back');
    expect(undelete).toHaveBeenCalledWith(sealed, { passphrase: 'seven herons' });
  });

  it('get a name that keeps its extension', () => {
    expect(besides('x/a.ipynb')).toBe('x/a (restored).ipynb');
  });
});
