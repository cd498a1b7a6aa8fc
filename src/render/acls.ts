/** Hosts and paths of discovered routes as ACLs of HAProxy's, named after what they match; equal ones are one. */

import { writeWord } from '../config/write.ts';
import { bytesOf } from '../core/bytes.ts';
import type { Route } from '../discovery/provider.ts';

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

  /** The names that must all be true; none for what every request is. */
  of({ host, path, exact }: Matched): readonly string[] {
    const below = path.replace(/\/$/, '');
    const hosts = host.kind === 'any' ? [] : [this.hostAcl(host)];
    if (exact) return [...hosts, this.acl(`at${path}`, [`path -m str ${word(path)}`])];
    if (below === '') return hosts;
    return [...hosts, this.acl(`under${below}`, [`path -m str ${word(below)}`, `path -m beg ${word(`${below}/`)}`])];
  }

  private hostAcl({ kind, value }: Route['host']): string {
    switch (kind) {
      case 'exact':
        return this.acl(`to_${value}`, [`${HOST} -m str ${word(value)}`]);
      case 'suffix':
        return this.acl(`to_any${value}`, [`${HOST} -m end ${word(value)}`]);
      default:
        return this.acl(`to_~${value}`, [`${HOST} -m reg -i ${word(value)}`]);
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

function word(text: string): string {
  return writeWord(bytesOf(text));
}
