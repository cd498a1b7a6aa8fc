/** Hosts and paths of discovered routes as ACLs of HAProxy's, named after what they match; equal ones are one. */

import type { Read } from '../config/values.ts';
import { writeWord } from '../config/write.ts';
import { bytesOf } from '../core/bytes.ts';
import type { Route } from '../discovery/provider.ts';
import { pcreOf } from './pcre.ts';

/** As Fairlead compares hosts: without port and the root's dot, in lower case. */
const HOST = 'hdr(host),host_only,rtrim(.),lower';

type Matched = Pick<Route, 'host' | 'path' | 'exact'>;

export class Acls {
  /** The lines that make them, in the order in which they were asked for. */
  readonly lines: string[] = [];
  private readonly names = new Map<string, string>();
  private readonly taken: Set<string>;

  /** `taken`: names that mean something else where these are to stand. */
  constructor(taken: Iterable<string>) {
    this.taken = new Set(taken);
  }

  /** The names that must all be true, none for what every request is; or why that cannot be said. */
  of({ host, path, exact }: Matched): Read<readonly string[]> {
    const below = path.replace(/\/$/, '');
    const hosts = this.hostAcls(host);
    if ('error' in hosts || (below === '' && !exact)) return hosts;
    const paths = exact
      ? this.acl(`at${path}`, [`path -m str ${word(path)}`])
      : this.acl(`under${below}`, [`path -m str ${word(below)}`, `path -m beg ${word(`${below}/`)}`]);
    return { value: [...hosts.value, paths] };
  }

  private hostAcls({ kind, value }: Route['host']): Read<readonly string[]> {
    switch (kind) {
      case 'any':
        return { value: [] };
      case 'exact':
        return { value: [this.acl(`to_${value}`, [`${HOST} -m str ${word(value)}`])] };
      case 'suffix':
        return { value: [this.acl(`to_any${value}`, [`${HOST} -m end ${word(value)}`])] };
      case 'regex': {
        const expression = pcreOf(value);
        if ('error' in expression) return expression;
        return { value: [this.acl(`to_~${value}`, [`${HOST} -m reg -i ${word(expression.value)}`])] };
      }
    }
  }

  private acl(wanted: string, conditions: readonly string[]): string {
    const key = conditions.join('\n');
    const known = this.names.get(key);
    if (known !== undefined) return known;
    const name = this.free(wanted.replace(/[^\w.:-]+/g, '_').slice(0, LONGEST_NAME));
    this.names.set(key, name);
    this.lines.push(...conditions.map((condition) => `acl ${name} ${condition}`));
    return name;
  }

  private free(wanted: string): string {
    let name = wanted;
    for (let n = 2; this.taken.has(name); n++) name = `${wanted}-${n}`;
    this.taken.add(name);
    return name;
  }
}

const LONGEST_NAME = 80;

/** Of an ACL's values: what begins as an option does stands behind the end of them. */
function word(text: string): string {
  return `${text.startsWith('-') ? '-- ' : ''}${writeWord(bytesOf(text))}`;
}
