import { beforeEach, describe, expect, it } from 'vitest';

import { ApiError } from '../src/api';
import { FakeServer, STATUS, json, makeStatus, redirect } from './helpers';

beforeEach(() => {
  document.cookie = '_xsrf=abc';
});

describe('the API client', () => {
  it('sends the XSRF cookie with every request', async () => {
    const server = new FakeServer({ 'POST /jupyter-secure/api/activity': json(204, null) });
    await server.api.activity();
    expect(server.calls[0].xsrf).toBe('abc');
  });

  it('encodes a path with odd characters segment by segment', async () => {
    const server = new FakeServer({});
    await server.api.unlock('a b/ü?#.ipynb').catch(() => undefined);
    expect(server.calls[0].path).toBe('/jupyter-secure/api/locks/a%20b/%C3%BC%3F%23.ipynb');
  });

  it("passes on the server's sentence, reason and waiting time", async () => {
    const server = new FakeServer({
      'POST /jupyter-secure/api/elevate': json(
        429,
        { message: 'Too many wrong tries.', reason: 'too-many-tries' },
        { 'Retry-After': '30' }
      )
    });
    const error = await server.api.elevate({ code: '000000' }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      status: 429,
      message: 'Too many wrong tries.',
      reason: 'too-many-tries',
      retryAfter: 30
    });
  });
});

describe('logging in from the page', () => {
  const values = ['alice', 'pw', '123456'] as const;

  it('posts all three values and the XSRF token as a form', async () => {
    const server = new FakeServer({
      'POST /login': redirect(),
      [STATUS]: json(200, makeStatus())
    });
    await server.api.logIn(...values);
    expect(Object.fromEntries(new URLSearchParams(server.calls[0].body))).toEqual({
      username: 'alice',
      password: 'pw',
      code: '123456',
      _xsrf: 'abc'
    });
  });

  it('says the one sentence for wrong credentials when the login page is drawn again', async () => {
    const server = new FakeServer({ 'POST /login': new Response('<html>', { status: 401 }) });
    await expect(server.api.logIn(...values)).rejects.toThrow(
      'That user name, password or code is not right.'
    );
  });

  it('takes a redirect that leaves nobody logged in for wrong credentials', async () => {
    const server = new FakeServer({
      'POST /login': redirect(),
      [STATUS]: json(401, { reason: 'not-logged-in' })
    });
    await expect(server.api.logIn(...values)).rejects.toMatchObject({ status: 401 });
  });

  it('fetches a new XSRF cookie when the old one went with the session', async () => {
    const server = new FakeServer({
      'POST /login': [new Response('xsrf', { status: 403 }), redirect()],
      'GET /login': new Response('<html>'),
      [STATUS]: json(200, makeStatus())
    });
    await server.api.logIn(...values);
    expect(server.called('POST /login')).toBe(2);
  });

  it('says how long to wait after too many tries', async () => {
    const server = new FakeServer({
      'POST /login': new Response('<html>', { status: 429, headers: { 'Retry-After': '30' } })
    });
    await expect(server.api.logIn(...values)).rejects.toThrow('Wait 30 seconds');
  });
});
