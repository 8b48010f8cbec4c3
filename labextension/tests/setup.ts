/** What JupyterLab's packages expect of a browser and jsdom does not have. */
class ResizeObserverStub {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

Object.assign(globalThis, {
  DragEvent: class extends Event {},
  ResizeObserver: ResizeObserverStub,
  requestIdleCallback: (callback: () => void) => setTimeout(callback),
  matchMedia: () => ({ matches: false, addEventListener: () => undefined })
});
