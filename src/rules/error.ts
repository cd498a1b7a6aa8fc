/** What a rule's compiler throws: the sentence without its place, which `compile.ts` adds. Nothing throws at run time. */
export class RuleError extends Error {}

/** Something of HAProxy's that is refused by name, so that nobody believes it works. */
export function refused(what: string): RuleError {
  return new RuleError(`${what} is HAProxy's; Fairlead does not do it`);
}
