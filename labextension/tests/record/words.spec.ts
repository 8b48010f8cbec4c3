import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { actionWords, knowsAction, times } from '../../src/record/words';

const SOURCE = readFileSync('../jupyter_secure/audit/actions.py', 'utf-8');
const NAMES = [...SOURCE.matchAll(/(?:Action|_reads)\(\s*"([\w-]+:[\w-]+)"/g)].map(
  ([, name]) => name
);

describe('the words for what is on record', () => {
  it('know every action of the server’s catalogue', () => {
    expect(NAMES.length).toBeGreaterThan(50);
    expect(NAMES.filter(name => !knowsAction(name))).toEqual([]);
  });

  it('leave an action of a newer server as it is called', () => {
    expect(actionWords('file:teleport')).toBe('file:teleport');
  });

  it('keep the time of the record beside that of the reader', () => {
    expect(times('2026-11-21T10:00:01.234+00:00').utc).toBe('2026-11-21 10:00:01.234 UTC');
  });
});
