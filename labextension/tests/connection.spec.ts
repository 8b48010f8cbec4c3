import { PageConfig } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { describe, expect, it, vi } from 'vitest';

import { FakeServer, json, settle } from './helpers';

const LOGGED_OUT = json(401, { message: 'You are not logged in.', reason: 'not-logged-in' });

function get(server: FakeServer, path: string): Promise<Response> {
  return ServerConnection.makeRequest(
    server.settings.baseUrl + path,
    { method: 'GET' },
    server.settings
  );
}

function post(server: FakeServer, path: string, body: string, method = 'POST'): Promise<Response> {
  const url = server.settings.baseUrl + path;
  return ServerConnection.makeRequest(url, { method, body }, server.settings);
}

describe('watching answers', () => {
  it('notices the end of the session once, whoever asked', async () => {
    const server = new FakeServer({ 'GET /api/contents/x': LOGGED_OUT });
    const seen: boolean[] = [];
    server.connection.loggedInChanged.connect((_, loggedIn) => seen.push(loggedIn));
    await get(server, 'api/contents/x');
    await get(server, 'api/contents/x');
    expect(seen).toEqual([false]);
  });

  it('does not take a wrong password for the end of the session', async () => {
    const server = new FakeServer({ 'GET /login': LOGGED_OUT });
    await get(server, 'login');
    expect(server.connection.loggedIn).toBe(true);
  });

  it('holds the question whether a kernel lives until someone is logged in again', async () => {
    const server = new FakeServer({
      'GET /api/kernels/k1': LOGGED_OUT,
      'GET /api/kernels': json(200, [{ id: 'k1' }])
    });
    let status = 0;
    const asked = get(server, 'api/kernels/k1').then(response => (status = response.status));
    await settle();
    expect(status).toBe(0);
    server.connection.sawLoggedIn();
    await asked;
    expect(status).toBe(200);
  });

  it('tells that a kernel is dead which was stopped until then', async () => {
    const server = new FakeServer({
      'GET /api/kernels/k1': LOGGED_OUT,
      'GET /api/kernels': json(200, [])
    });
    const asked = get(server, 'api/kernels/k1');
    await settle();
    server.connection.sawLoggedIn();
    expect(await (await asked).json()).toMatchObject({ id: 'k1', execution_state: 'dead' });
  });

  it('asks for a second factor where an extension is to be installed, and tries again', async () => {
    const no = json(423, { message: 'Confirm it.', reason: 'elevation-required' });
    const server = new FakeServer({ 'POST /lab/api/extensions': [no, json(201, {})] });
    server.connection.confirm = vi.fn().mockResolvedValue(true);
    const response = await post(server, 'lab/api/extensions', '{"cmd":"install"}');
    expect(server.connection.confirm).toHaveBeenCalledWith('Confirm it.');
    expect(response.status).toBe(201);
    expect(server.calls.map(({ body }) => body)).toEqual(Array(2).fill('{"cmd":"install"}'));
  });

  it('leaves the refusal where none is given', async () => {
    const no = json(423, { message: 'Confirm it.', reason: 'elevation-required' });
    const server = new FakeServer({ 'POST /lab/api/extensions': no });
    server.connection.confirm = vi.fn().mockResolvedValue(false);
    expect((await post(server, 'lab/api/extensions', '{}')).status).toBe(423);
    expect(server.calls).toHaveLength(1);
  });

  it('keeps the layout of a viewer in the page', async () => {
    PageConfig.setOption('jupyterSecureRole', 'viewer');
    const server = new FakeServer({});
    expect((await post(server, 'lab/api/workspaces/default', '{}', 'PUT')).status).toBe(204);
    expect(server.calls).toHaveLength(0);
    PageConfig.setOption('jupyterSecureRole', '');
  });

  it.each([
    ['elevation-required', 'elevation-required'],
    ['passphrase-required', 'passphrase-required'],
    ['sealed', 'sealed'],
    ['locked', 'locked'],
    ['something new', 'locked']
  ])('remembers why a file was refused: %s', async (sent, reason) => {
    const server = new FakeServer({ 'GET /x': json(423, { message: 'No.', reason: sent }) });
    const response = await get(server, 'x');
    const error = await ServerConnection.ResponseError.create(response);
    expect(server.connection.refusal(error)).toEqual({ reason, message: 'No.' });
  });

  it.each(['rolled-back', 'swapped', 'unsealed', 'unchecked'])(
    'remembers what was found of a file: %s',
    async reason => {
      const server = new FakeServer({ 'GET /x': json(409, { message: 'Found.', reason }) });
      const error = await ServerConnection.ResponseError.create(await get(server, 'x'));
      expect(server.connection.refusal(error)).toEqual({ reason, message: 'Found.' });
    }
  );

  it('takes a name that is taken for what it is', async () => {
    const server = new FakeServer({ 'GET /x': json(409, { message: 'It exists already.' }) });
    const error = await ServerConnection.ResponseError.create(await get(server, 'x'));
    expect(server.connection.refusal(error)).toBeNull();
  });
});
