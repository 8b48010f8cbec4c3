import { describe, expect, it } from 'vitest';

import { Catalogue } from '../src/catalogue';
import type { IRefusal } from '../src/connection';
import type { Documents } from '../src/documents';
import { Security } from '../src/security';
import { FakeServer, json, makeStatus, STATUS } from './helpers';

const SWAPPED: IRefusal = { reason: 'swapped', message: 'Swapped.' };
const PRIVATE: IRefusal = { reason: 'elevation-required', message: 'Private.' };

function scene(): { catalogue: Catalogue; server: FakeServer; reopened: string[] } {
  const accepted = json(200, { accepted: 2, failures: [] });
  const server = new FakeServer({
    [STATUS]: json(200, makeStatus()),
    'POST /jupyter-secure/api/catalogue/lab': accepted,
    'POST /jupyter-secure/api/catalogue/lab/a.ipynb': json(200, { restored: 1 }),
    'POST /jupyter-secure/api/catalogue': accepted
  });
  const reopened: string[] = [];
  const documents = {
    covered: [
      ['lab/a.ipynb', SWAPPED],
      ['lab/a.ipynb', SWAPPED],
      ['lab/private.ipynb', PRIVATE],
      ['laboratory.ipynb', SWAPPED]
    ],
    reopen: (path: string) => reopened.push(path)
  } as unknown as Documents;
  const security = new Security(server.api, server.connection);
  return { catalogue: new Catalogue(security, documents), server, reopened };
}

describe('accepting what was found', () => {
  it('opens what was covered for it, once each, and nothing else', async () => {
    const { catalogue, server, reopened } = scene();
    expect((await catalogue.accept('lab')).accepted).toBe(2);
    expect(reopened).toEqual(['lab/a.ipynb']);
    expect(server.calls.find(({ method }) => method === 'POST')?.body).toBe('{"action":"accept"}');
  });

  it('opens all of it when everything was accepted, and looks at the server again', async () => {
    const { catalogue, server, reopened } = scene();
    const before = server.called(STATUS);
    await catalogue.accept('');
    expect(reopened).toEqual(['lab/a.ipynb', 'laboratory.ipynb']);
    expect(server.called(STATUS)).toBeGreaterThan(before);
  });

  it('says why one file was not accepted', async () => {
    const { catalogue, server } = scene();
    const failures = [{ path: 'b.ipynb', message: 'It is damaged.' }];
    server.answers['POST /jupyter-secure/api/catalogue/b.ipynb'] = json(200, {
      accepted: 0,
      failures
    });
    await expect(catalogue.acceptFile('b.ipynb')).rejects.toThrow('It is damaged.');
  });

  it('restores one file', async () => {
    const { catalogue, server, reopened } = scene();
    await catalogue.restore('lab/a.ipynb');
    expect(reopened).toEqual(['lab/a.ipynb']);
    expect(server.calls.find(({ method }) => method === 'POST')?.body).toBe('{"action":"restore"}');
  });
});
