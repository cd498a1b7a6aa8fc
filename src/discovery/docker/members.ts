/**
 * Lists of containers that somebody keeps by hand, for `docker-servers members=FILE`: a container's id on each line, with
 * `:PORT` behind it where it has several. What follows a `#` is a comment, and stays when a line is added or taken out.
 */

import { type Member, readMember } from '../../config/member.ts';
import type { Read } from '../../config/values.ts';

/** What is known of one file. */
export interface MemberList {
  /** As it could be read last. */
  readonly members: readonly Member[];
  /** Why it cannot be read now; empty where it can. */
  readonly problem: string;
}

/** By path. */
export type MemberLists = ReadonlyMap<string, MemberList>;

export const NO_LISTS: MemberLists = new Map();
export const NO_MEMBERS: MemberList = { members: [], problem: '' };

/** All of a file, or the first thing in it that is wrong, with its line. */
export function readMembers(text: string): Read<readonly Member[]> {
  const members: Member[] = [];
  const lines = new Map<string, number>();
  for (const [index, line] of text.split('\n').entries()) {
    const word = wordOf(line);
    if (word === '') continue;
    const member = readMember(word);
    if ('error' in member) return { error: `line ${index + 1}: ${member.error}` };
    const { id } = member.value;
    const before = lines.get(id);
    if (before !== undefined) return { error: `line ${index + 1}: ${id} stands in line ${before}, too` };
    lines.set(id, index + 1);
    members.push(member.value);
  }
  return { value: members };
}

export function withMember(text: string, { id, port }: Member): string {
  const begun = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return `${begun}${id}${port === undefined ? '' : `:${port}`}\n`;
}

/** `member`: as it stands in the text. */
export function withoutMember(text: string, member: Member): string {
  return text
    .split('\n')
    .filter((line) => {
      const read = readMember(wordOf(line));
      return 'error' in read || read.value.id !== member.id;
    })
    .join('\n');
}

/** Which of them each container is, by its whole id; and those that could be several. */
export function matchMembers(
  members: readonly Member[],
  ids: readonly string[],
): { readonly chosen: ReadonlyMap<string, Member>; readonly ambiguous: readonly Member[] } {
  const chosen = new Map<string, Member>();
  const ambiguous: Member[] = [];
  for (const member of members) {
    const meant = ids.filter((id) => id.startsWith(member.id));
    const [only] = meant;
    if (meant.length > 1) ambiguous.push(member);
    else if (only !== undefined && !chosen.has(only)) chosen.set(only, member);
  }
  return { chosen, ambiguous };
}

function wordOf(line: string): string {
  return line.replace(/#.*/s, '').trim();
}
