import React from 'react';
import { describe, expect, it, vi } from 'vitest';

import type { ISessionInfo } from '../src/answers';
import { Sessions } from '../src/views/sessions';
import type { ISessionsActions } from '../src/views/sessions';
import { usePlace } from './mounting';

const place = usePlace();

function session(change: Partial<ISessionInfo>): ISessionInfo {
  return {
    id: 'a',
    username: 'alice',
    current: false,
    device_name: 'Firefox on Linux',
    address: '192.0.2.1',
    user_agent: 'Mozilla/5.0',
    created_at: '2026-11-21T10:00:00+00:00',
    last_seen_at: '2026-11-21T10:00:00+00:00',
    ...change
  };
}

function show(list: ISessionInfo[]): ISessionsActions {
  const actions = {
    sessions: vi.fn().mockResolvedValue(list),
    endSession: vi.fn().mockResolvedValue(undefined),
    endSessions: vi.fn().mockResolvedValue(undefined)
  };
  place.render(<Sessions actions={actions} />);
  return actions;
}

const BOTH = [session({ id: 'me', current: true, address: '192.0.2.9' }), session({ id: 'b' })];

describe('the sessions', () => {
  it('name device, address and last use, and tell which is this one', async () => {
    show(BOTH);
    await place.click('View');
    const [mine, other] = place.host.querySelectorAll('li');
    expect(mine.textContent).toContain('Firefox on Linux · this one192.0.2.9 · used ');
    expect(other.textContent).toMatch(/192\.0\.2\.1 · used .+End$/);
  });

  it('end one by one', async () => {
    const actions = show(BOTH);
    await place.click('View');
    await place.click('End the session of Firefox on Linux from 192.0.2.1');
    expect(actions.endSession).toHaveBeenCalledWith('b');
  });

  it('end all but this one, or this one too', async () => {
    const actions = show(BOTH);
    await place.click('View');
    await place.click('End all others');
    expect(actions.endSessions).toHaveBeenCalledWith('others');
    await place.click('Log out everywhere');
    expect(actions.endSessions).toHaveBeenLastCalledWith('all');
  });

  it('offer to end others only where there are some', async () => {
    show([BOTH[0]]);
    await place.click('View');
    expect(place.host.textContent).not.toContain('End all others');
  });
});
