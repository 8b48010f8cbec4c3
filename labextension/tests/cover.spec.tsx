import React, { act } from 'react';
import { describe, expect, it, vi } from 'vitest';

import type { RefusalReason } from '../src/connection';
import { Cover, CoverView } from '../src/views/cover';
import type { ICoverActions } from '../src/views/cover';
import { usePlace } from './mounting';

const place = usePlace();
const { button } = place;

describe('the cover', () => {
  function makeActions(): ICoverActions {
    return {
      confirm: vi.fn().mockResolvedValue(undefined),
      openWith: vi.fn().mockResolvedValue(undefined),
      logIn: vi.fn().mockResolvedValue(undefined),
      retry: vi.fn(),
      canRestore: vi.fn().mockResolvedValue(false),
      accept: vi.fn().mockResolvedValue(undefined),
      restore: vi.fn().mockResolvedValue(undefined),
      close: vi.fn()
    };
  }

  function cover(reason: RefusalReason, actions = makeActions()): ICoverActions {
    const refusal = { reason, message: 'Locked by bob. Ask bob to unlock it.' };
    place.render(<CoverView path="a/payroll.ipynb" refusal={refusal} actions={actions} />);
    return actions;
  }

  async function enter(secret: string): Promise<void> {
    await place.type('input', secret);
    await act(async () => {
      place.host.querySelector('form')?.requestSubmit();
      await Promise.resolve();
    });
  }

  it('has a field that phones and password managers know', () => {
    cover('elevation-required');
    const input = place.host.querySelector('input');
    expect(input?.getAttribute('autocomplete')).toBe('one-time-code');
    expect(input?.getAttribute('inputmode')).toBe('numeric');
    expect(input?.closest('label')?.textContent).toContain('Code');
  });

  it('confirms the code without the spaces around it', async () => {
    const actions = cover('elevation-required');
    await enter(' 123456 ');
    expect(actions.confirm).toHaveBeenCalledWith('123456');
  });

  it("shows the server's sentence for a wrong code and empties the field", async () => {
    const actions = cover('elevation-required');
    vi.mocked(actions.confirm).mockRejectedValue(new Error('That code is not right.'));
    await enter('000000');
    expect(place.host.querySelector('[role=alert]')?.textContent).toBe('That code is not right.');
    expect(place.host.querySelector('input')?.value).toBe('');
  });

  it("gives the reason for another's lock and asks for no code", () => {
    const actions = cover('locked');
    expect(place.host.textContent).toContain('Ask bob to unlock it.');
    expect(place.host.querySelector('input')).toBeNull();
    act(() => button('Try again').click());
    expect(actions.retry).toHaveBeenCalled();
  });

  it('offers a log-in for a sealed vault', () => {
    const actions = cover('sealed');
    act(() => button('Log in').click());
    expect(actions.logIn).toHaveBeenCalled();
  });

  describe('over a notebook that is sealed with a passphrase', () => {
    it('hides the passphrase, until it is asked to show it, and keeps it from autofill', async () => {
      cover('passphrase-required');
      const input = place.host.querySelector<HTMLInputElement>('input[name=passphrase]');
      expect([input?.type, input?.autocomplete]).toEqual(['password', 'off']);
      await act(async () => {
        place.host.querySelector<HTMLInputElement>('input[type=checkbox]')?.click();
        await Promise.resolve();
      });
      expect(input?.type).toBe('text');
    });

    it('opens with the passphrase as it was typed, spaces included', async () => {
      const actions = cover('passphrase-required');
      await enter(' correct horse ');
      expect(actions.openWith).toHaveBeenCalledWith(' correct horse ');
    });

    it('tells a wrong one in place and puts the cursor back', async () => {
      const actions = cover('passphrase-required');
      vi.mocked(actions.openWith).mockRejectedValue(new Error('That passphrase is not right.'));
      await enter('wrong');
      expect(place.host.querySelector('[role=alert]')?.textContent).toBe(
        'That passphrase is not right.'
      );
      expect(document.activeElement?.getAttribute('name')).toBe('passphrase');
    });
  });

  describe('over a file that is not as it was left', () => {
    it.each(['rolled-back', 'swapped', 'unsealed', 'unchecked'] as const)(
      "says what was found in the server's words, and asks for no secret: %s",
      async reason => {
        cover(reason);
        await act(() => Promise.resolve());
        expect(place.host.querySelector('h2')?.textContent).toMatch(/^payroll\.ipynb /);
        expect(place.host.textContent).toContain('Ask bob to unlock it.');
        expect(place.host.querySelector('input')).toBeNull();
      }
    );

    it('restores only where the server can', async () => {
      const able = { ...makeActions(), canRestore: () => Promise.resolve(true) };
      cover('swapped', able);
      await act(() => Promise.resolve());
      await place.click('Restore the last good version');
      expect(able.restore).toHaveBeenCalledOnce();
      cover('swapped', { ...makeActions(), canRestore: () => Promise.reject(new Error('No.')) });
      await act(() => Promise.resolve());
      expect(button('Accept it as it is')).toBeDefined();
    });

    it('accepts it or leaves it, and says why when the server does neither', async () => {
      const actions = cover('rolled-back');
      await act(() => Promise.resolve());
      vi.mocked(actions.accept).mockRejectedValue(new Error('It has changed once more.'));
      await place.click('Accept it as it is');
      expect(place.host.querySelector('[role=alert]')?.textContent).toBe(
        'It has changed once more.'
      );
      await place.click('Leave it');
      expect(actions.close).toHaveBeenCalledOnce();
    });

    it('chooses nothing for whoever presses a key before reading', async () => {
      const refusal = { reason: 'swapped' as const, message: 'Swapped.' };
      const widget = new Cover('a.ipynb', refusal, makeActions());
      place.host.append(widget.node);
      await act(async () => {
        widget.activate();
        await new Promise(resolve => setTimeout(resolve));
      });
      expect(document.activeElement?.tagName).not.toBe('BUTTON');
    });
  });
});
