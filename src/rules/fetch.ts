/** The row of a fetch: its name, arguments, type, and how it is compiled. The tables are in `fetches-*.ts`. */

import type { ArgumentSpec, Arguments } from './arguments.ts';
import type { Sample, SampleType } from './sample.ts';
import type { Needs, Scope } from './scope.ts';

export interface FetchRow {
  /** The first is the name it has in the manual, the others are its older ones. */
  readonly names: readonly string[];
  readonly arguments: readonly ArgumentSpec[];
  readonly type: SampleType;
  readonly needs: Needs;
  /** For the reference, in our words. */
  readonly help: string;
  /** Chapter of HAProxy's manual. */
  readonly chapter: string;
  /** In an ACL its values are groups of users, which must be given and are compared as they are. */
  readonly groups?: true;
  readonly compile: (args: Arguments, scope: Scope) => Sample;
}

export const NAME: ArgumentSpec = { name: 'name', type: 'string' };
export const OPTIONAL_NAME: ArgumentSpec = { name: 'name', type: 'string', optional: true };
export const OCCURRENCE: ArgumentSpec = { name: 'occ', type: 'integer', optional: true };
