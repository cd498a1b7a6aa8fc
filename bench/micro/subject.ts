/** What a micro benchmark measures: one operation of the request path, always with the same result. */

export interface Subject<T = unknown> {
  /** The operation. What it does must leave it ready to be done again. */
  readonly op: () => T;
  /** Asserts that a result of `op` is right: test/bench/micro.test.ts holds every subject to it. */
  readonly verify: (result: T) => void;
  /** Lets go of what would keep the process alive. */
  readonly end?: () => void;
}

export interface Entry {
  /** `<folder of src>: <what>`, unique. */
  readonly name: string;
  /** Makes it ready; what this costs is not measured. */
  readonly make: () => Subject;
}

/** Keeps the type of the operation's result between its two halves. */
export function entry<T>(name: string, make: () => Subject<T>): Entry {
  return { name, make: make as () => Subject };
}
