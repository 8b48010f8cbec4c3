import { afterEach, describe, expect, it } from 'vitest';

import { Security } from '../src/security';
import { FakeServer, STATUS, json, makeStatus, settle } from './helpers';
import type { Answer } from './helpers';

let security: Security;

function watch(answers: Record<string, Answer | Answer[]>): FakeServer {
  const server = new FakeServer(answers);
  security = new Security(server.api, server.connection);
  return server;
}

afterEach(() => security.dispose());

describe('the security status', () => {
  it('knows the lock of a file and nothing of another', async () => {
    watch({ [STATUS]: json(200, makeStatus()) });
    await security.refresh();
    expect(security.lockOf('payroll.ipynb')?.mode).toBe('private');
    expect(security.lockOf('other.ipynb')).toBeNull();
  });

  it('counts down to the end of the session', async () => {
    watch({ [STATUS]: json(200, makeStatus()) });
    await security.refresh();
    expect(security.secondsLeft).toBe(1620);
  });

  it('says what is wrong when the server has no such API', async () => {
    watch({ [STATUS]: json(404, {}) });
    await security.refresh();
    expect(security.status).toBeNull();
    expect(security.problem).toContain('jupyter server extension list');
  });

  it('notices the end of the session and its return', async () => {
    const server = watch({
      [STATUS]: [json(200, makeStatus()), json(401, {}), json(200, makeStatus())]
    });
    await security.refresh();
    await security.refresh();
    await settle();
    const before = [server.connection.loggedIn, security.secondsLeft];
    await security.refresh();
    expect([before, server.connection.loggedIn]).toEqual([[false, null], true]);
  });

  it('tells the covers when a code was right, and not when it was wrong', async () => {
    let opened = 0;
    watch({
      [STATUS]: json(200, makeStatus()),
      'POST /jupyter-secure/api/elevate': [
        json(403, { message: 'That code is not right.', reason: 'wrong-code' }),
        json(200, { elevated_seconds_left: 600 })
      ]
    });
    security.opened.connect(() => opened++);
    await expect(security.elevate('000000')).rejects.toThrow('not right');
    expect(opened).toBe(0);
    await security.elevate('123456');
    expect(opened).toBe(1);
  });

  it('tells the covers, once, when a code was given in another tab', async () => {
    const session = { id: 's', seconds_left: 1620, idle_minutes: 60, elevated_seconds_left: 600 };
    watch({ [STATUS]: [json(200, makeStatus()), json(200, makeStatus({ session }))] });
    await security.refresh();
    let opened = 0;
    security.opened.connect(() => opened++);
    await security.refresh();
    await security.refresh();
    expect(opened).toBe(1);
  });

  it('tells the covers when someone logged in in another tab', async () => {
    watch({ [STATUS]: [json(200, makeStatus()), json(401, {}), json(200, makeStatus())] });
    await security.refresh();
    await security.refresh();
    let opened = 0;
    security.opened.connect(() => opened++);
    await security.refresh();
    expect(opened).toBe(1);
  });

  it('looks again when someone comes back to the page', async () => {
    const server = watch({ [STATUS]: json(200, makeStatus()) });
    await security.refresh();
    const before = server.called(STATUS);
    document.dispatchEvent(new Event('visibilitychange'));
    await settle();
    expect(server.called(STATUS)).toBe(before + 1);
  });
});
