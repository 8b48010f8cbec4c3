import { describe, expect, it } from 'vitest';

import { describeLock, describeSession, inWords } from '../src/words';
import { makeStatus } from './helpers';

describe('words', () => {
  it.each([
    [-5, '0 s'],
    [40, '40 s'],
    [60, '1 min'],
    [1620, '27 min'],
    [3600, '1 h'],
    [11_100, '3 h 5 min']
  ])('%d seconds read "%s"', (seconds, words) => {
    expect(inWords(seconds).replaceAll('\u00a0', ' ')).toBe(words);
  });

  it('name the mode and the owner of a lock, or that there is none', () => {
    expect(describeLock(makeStatus().locks[0])).toBe('private · alice');
    expect(describeLock(null)).toBe('not locked');
  });

  it('leave out the end of a session that has none', () => {
    expect(describeSession(makeStatus(), null)).toBe('Alice');
  });
});
