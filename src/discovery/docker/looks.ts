/**
 * Looks again at containers that could not be inspected or had no address yet: for each one look after the other, ever more
 * rarely. However many causes there are for one that has to be looked at again, there is one such row for it.
 */

interface Row {
  /** Milliseconds before the look after the next. */
  pause: number;
  /** Undefined while the look is under way. */
  timer: NodeJS.Timeout | undefined;
}

export class Looks {
  private readonly look: (id: string) => void;
  private readonly first: number;
  private readonly longest: number;
  private readonly rows = new Map<string, Row>();

  /** `first` and `longest` pause in milliseconds; they double. */
  constructor(look: (id: string) => void, first: number, longest: number) {
    this.look = look;
    this.first = first;
    this.longest = longest;
  }

  /** It was looked at in vain. */
  again(id: string): void {
    const row = this.rows.get(id) ?? { pause: this.first, timer: undefined };
    if (row.timer !== undefined) return;
    this.rows.set(id, row);
    row.timer = setTimeout(() => {
      row.timer = undefined;
      this.look(id);
    }, row.pause);
    row.timer.unref();
    row.pause = Math.min(row.pause * 2, this.longest);
  }

  /** All there is to see was seen. */
  done(id: string): void {
    clearTimeout(this.rows.get(id)?.timer);
    this.rows.delete(id);
  }

  stop(): void {
    for (const id of [...this.rows.keys()]) this.done(id);
  }
}
