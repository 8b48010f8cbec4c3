import { describe, expect, it, vi } from 'vitest';

import { askPasskey, canUsePasskeys } from '../src/passkeys';

function browserThatCan(get: () => Promise<unknown>): void {
  vi.stubGlobal(
    'PublicKeyCredential',
    Object.assign(function () {}, { parseRequestOptionsFromJSON: (options: unknown) => options })
  );
  vi.stubGlobal('navigator', { credentials: { get } });
}

describe('a passkey', () => {
  it('is beyond a browser that has no such thing', () => {
    expect(canUsePasskeys()).toBe(false);
  });

  it('answers what the server asks', async () => {
    const get = vi.fn().mockResolvedValue({ toJSON: () => ({ id: 'k' }) });
    browserThatCan(get);
    expect(canUsePasskeys()).toBe(true);
    expect(await askPasskey({ challenge: 'c' })).toEqual({ id: 'k' });
    expect(get).toHaveBeenCalledWith({ publicKey: { challenge: 'c' } });
  });

  it.each([
    () => Promise.reject(new DOMException('x', 'NotAllowedError')),
    () => Promise.resolve(null)
  ])('that is not given is told in a sentence', async get => {
    browserThatCan(get);
    await expect(askPasskey({})).rejects.toThrow('No passkey was given.');
  });
});
