/** A place in the page to render into, and what a person does there. */
import { act } from 'react';
import { createRoot } from 'react-dom/client';
import type { Root } from 'react-dom/client';
import { afterEach, beforeEach, vi } from 'vitest';

export interface IPlace {
  readonly host: HTMLElement;
  render(element: JSX.Element): void;
  /** The button with this name, which must be there. */
  button(label: string): HTMLButtonElement;
  click(label: string): Promise<void>;
  type(selector: string, value: string): Promise<void>;
}

/** Call once for a file of tests: each test gets an empty place. */
export function usePlace(): IPlace {
  let root: Root;
  const place = {
    host: document.body,
    render: (element: JSX.Element) => act(() => root.render(element)),
    button: (label: string): HTMLButtonElement => {
      const found = [...place.host.querySelectorAll('button')].find(
        node => (node.getAttribute('aria-label') ?? node.textContent).trim() === label
      );
      if (!found) {
        throw new Error(`No button "${label}" in ${place.host.textContent}`);
      }
      return found;
    },
    click: async (label: string): Promise<void> => {
      const node = place.button(label);
      await act(async () => {
        node.focus();
        node.click();
        await Promise.resolve();
      });
    },
    type: async (selector: string, value: string): Promise<void> => {
      const input = place.host.querySelector(selector) as HTMLInputElement;
      const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set;
      await act(async () => {
        set?.call(input, value);
        input.dispatchEvent(new Event('input', { bubbles: true }));
        await Promise.resolve();
      });
    }
  };
  beforeEach(() => {
    vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
    place.host = document.body.appendChild(document.createElement('div'));
    root = createRoot(place.host);
  });
  afterEach(() => {
    act(() => root.unmount());
    place.host.remove();
  });
  return place;
}
