/**
 * How many events came, said to a screen reader now and then, and not for each.
 */
const SAY_EVERY_MS = 5_000;

export class Arrivals {
  constructor(private readonly changed: () => void) {}

  /** What is said now; empty when there is nothing to say. */
  get text(): string {
    return this._text;
  }

  /** Which one it is: the same words twice are two things to say. */
  get number(): number {
    return this._number;
  }

  add(count: number): void {
    this._count += count;
    if (this._timer === undefined) {
      this.say();
    }
  }

  dispose(): void {
    clearTimeout(this._timer);
  }

  private say(): void {
    const count = this._count;
    this._count = 0;
    this._text = count === 0 ? '' : count === 1 ? '1 new event' : `${count} new events`;
    if (count > 0) {
      this._number++;
      this._timer = window.setTimeout(() => {
        this._timer = undefined;
        this.say();
        this.changed();
      }, SAY_EVERY_MS);
    }
  }

  private _count = 0;
  private _text = '';
  private _number = 0;
  private _timer: number | undefined;
}
