/**
 * The arithmetic of one check: a server has one for its health checks and one for its agent's.
 *
 *     0 ......... rise-1 | rise ............ rise+fall-1
 *     DOWN   DOWN x/rise | UP x/fall                  UP
 *
 * A success counts up one, and from `rise` on jumps to the top; a failure counts down one, and below `rise` falls to 0.
 * It begins at `rise`: the first failure takes down who was never checked.
 */

export class Health {
  rise: number;
  fall: number;
  value: number;
  /** Turned off at run time (`disable health`, `disable agent`): nobody asks, and what is known counts for nothing. */
  enabled = true;

  constructor(rise: number, fall: number) {
    this.rise = rise;
    this.fall = fall;
    this.value = rise;
  }

  get top(): number {
    return this.rise + this.fall - 1;
  }

  get up(): boolean {
    return this.value >= this.rise;
  }

  /** Answers whether it changed anything. */
  pass(): boolean {
    if (this.value >= this.top) return false;
    this.value++;
    if (this.up) this.value = this.top;
    return true;
  }

  /** Answers whether it changed anything: who is surely down stays so. */
  fail(): boolean {
    if (this.value === 0) return false;
    this.value--;
    if (!this.up) this.value = 0;
    return true;
  }

  /** `1/3`: of `fall` failures that are left while it is up, of `rise` successes that are made while it is down. */
  part(up: boolean): string {
    return up ? `${this.value - this.rise + 1}/${this.fall}` : `${this.value}/${this.rise}`;
  }
}
