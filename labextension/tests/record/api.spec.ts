import { describe, expect, it } from 'vitest';

import { ANYTHING, RecordApi } from '../../src/record/api';
import { FakeServer } from '../helpers';

describe('the address of an export', () => {
  it('asks for what the view asks for, and no more', () => {
    const api = new RecordApi(new FakeServer({}).api);
    const wanted = { ...ANYTHING, path: 'a b/', outcome: 'refused' };
    expect(api.exportAddress(wanted, 'csv')).toBe(
      'https://localhost:8888/jupyter-secure/api/audit/export?path=a+b%2F&outcome=refused&format=csv'
    );
  });
});
