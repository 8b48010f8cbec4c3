import { describe, expect, it } from 'vitest';

import {
  bytes,
  describeFindings,
  describeLock,
  describeProtection,
  describeResult,
  describeSession,
  inWords
} from '../src/words';
import { makeMigration, makeStatus } from './helpers';

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

  it('say that a passphrase seals a notebook, once', () => {
    const lock = { ...makeStatus().locks[0], mode: 'sealed' as const };
    expect(describeProtection({ path: 'a', sealed: true, lock })).toBe(
      'sealed with a passphrase · alice'
    );
    expect(describeProtection({ path: 'a', sealed: false, lock: null })).toBe(
      'not sealed yet · not locked'
    );
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [99_960, '100 kB'],
    [999_600, '1.0 MB'],
    [3_210_000, '3.2 MB'],
    [5_000_000_000_000_000, '5000 TB']
  ])('%d bytes read "%s"', (count, words) => {
    expect(bytes(count).replaceAll('\u00a0', ' ')).toBe(words);
  });

  it('count what was found', () => {
    expect(describeFindings(1)).toBe('1\u00a0file is not as it was left');
    expect(describeFindings(1200)).toBe('1,200\u00a0files are not as they were left');
  });

  it.each([
    [{ files_done: 20 }, '20 files are encrypted.'],
    [{ files_done: 1, files_total: 1, action: 'open' as const }, '1 file is decrypted.'],
    [{}, 'Nothing was left to be encrypted.'],
    [{ files_done: 18, failed: 2 }, '18 files are encrypted. 2 files could not be.'],
    [
      { files_done: 12, stopped: true },
      'Stopped: 12 of 20 files encrypted. What is done stays done; start it again to go on.'
    ]
  ])('say what came of a migration: %j', (change, words) => {
    const run = makeMigration({ running: false, ...change });
    expect(describeResult(run).replaceAll('\u00a0', ' ')).toBe(words);
  });
});
