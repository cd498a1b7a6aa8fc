/**
 * The files of `docker-servers members=`, as operators see and change them. The file is the truth: it is read when the
 * configuration is, and again before every change, and what cannot be read leaves the list as it was.
 */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { joinHostPort } from '../../config/address.ts';
import type { Member, MemberReport, MembersReport } from '../../config/member.ts';
import type { Config, DockerServersConfig, ProxyConfig } from '../../config/model.ts';
import type { Read } from '../../config/values.ts';
import { Collector } from './collector.ts';
import { isLive, shortId } from './container.ts';
import { type MemberList, type MemberLists, matchMembers, NO_MEMBERS, readMembers, withMember, withoutMember } from './members.ts';
import { dockerSource } from './names.ts';
import type { Scene } from './scene.ts';
import { selects } from './select.ts';
import { placeOf } from './server-lines.ts';
import type { KnownContainer } from './watch.ts';

/** An engine at work. */
interface Lookout {
  /** Undefined before it has answered. */
  scene(): Scene | undefined;
  /** The lists have changed. */
  again(): void;
}

/** A section's line with its list. */
interface Asking {
  readonly proxy: ProxyConfig;
  readonly line: DockerServersConfig;
  readonly file: string;
}

/** A container, and the engine that has it. */
interface Sighting {
  readonly known: KnownContainer;
  readonly scene: Scene;
}

export class Membership {
  /** By the name of their snapshots. */
  readonly engines: Map<string, Lookout> = new Map();
  private readonly known = new Map<string, MemberList>();

  get lists(): MemberLists {
    return this.known;
  }

  /** Reads the files of a configuration. */
  read(config: Config): void {
    for (const proxy of config.proxies) {
      const file = askingOf(proxy)?.file;
      if (file !== undefined) this.readFile(file);
    }
  }

  /**
   * The members of the section of that name, or of all sections. A list that could not be read is read again: somebody may have
   * mended it.
   */
  report(config: Config, section: string | undefined): MembersReport {
    const asking = config.proxies
      .flatMap((proxy) => askingOf(proxy) ?? [])
      .filter(({ proxy }) => section === undefined || proxy.name === section);
    for (const one of asking) if (this.listOf(one).problem !== '') this.readFile(one.file);
    const problems = asking.flatMap((one) => {
      const { problem } = this.listOf(one);
      return problem === '' ? [] : [`${one.file}: ${problem}`];
    });
    return { members: asking.flatMap((one) => this.reportOf(one)), problems: [...new Set(problems)] };
  }

  /** The container whose id begins so is a member from now on. Answers how it is reached. */
  add(proxy: ProxyConfig, wanted: Member): Read<MemberReport> {
    const asking = askingOf(proxy);
    if (asking === undefined) return noList(proxy);
    const found = this.find(asking, wanted.id);
    if ('error' in found) return found;
    const { known, scene } = found.value;
    const { container } = known;
    const member: Member = { id: container.id, port: wanted.port };
    const address = addressOf(asking, known, scene, member);
    if ('error' in address) return { error: `Container ${shortId(container.id)} is no server of '${proxy.name}': ${address.error}.` };
    const error = this.edit(asking.file, (text, members) => {
      const mine = matchMembers(members, [container.id]).chosen.get(container.id);
      if (mine !== undefined && mine.port === member.port) return text;
      return withMember(mine === undefined ? text : withoutMember(text, mine), member);
    });
    return error === undefined ? { value: this.memberReport(asking, member, found.value) } : { error };
  }

  /** The member whose id begins so is none any more. Answers its id. */
  remove(proxy: ProxyConfig, id: string): Read<string> {
    const asking = askingOf(proxy);
    if (asking === undefined) return noList(proxy);
    this.readFile(asking.file);
    const { members } = this.listOf(asking);
    const meant = members.filter((member) => member.id.startsWith(id) || id.startsWith(member.id));
    const [member] = meant;
    if (member === undefined) return { error: `No member of '${proxy.name}' has an id that begins with ${id}.` };
    if (meant.length > 1) return { error: `Several members of '${proxy.name}' have an id that begins with ${id}.` };
    const error = this.edit(asking.file, (text) => withoutMember(text, member));
    return error === undefined ? { value: shortId(member.id) } : { error };
  }

  private reportOf(asking: Asking): readonly MemberReport[] {
    const sightings = this.sightings(asking);
    const byId = new Map(sightings.map((sighting) => [sighting.known.container.id, sighting]));
    return this.listOf(asking).members.map((member) => {
      const meant = [...byId.keys()].filter((id) => id.startsWith(member.id));
      return this.memberReport(asking, member, meant.length === 1 ? byId.get(meant[0] ?? '') : undefined);
    });
  }

  private memberReport(asking: Asking, member: Member, sighting: Sighting | undefined): MemberReport {
    const { proxy, line } = asking;
    const base = { backend: proxy.name, id: shortId(member.id), port: member.port, parameters: line.parameters };
    if (sighting === undefined) return { ...base, found: false, address: '', reason: 'no container that runs has this id' };
    const { known, scene } = sighting;
    const { state } = known.container;
    if (!isLive(state)) return { ...base, found: false, address: '', reason: `container is ${state}` };
    const address = addressOf(asking, known, scene, member);
    if ('error' in address) return { ...base, found: true, address: '', reason: address.error };
    return { ...base, found: true, ...address.value };
  }

  private find(asking: Asking, id: string): Read<Sighting> {
    const meant = this.sightings(asking).filter(({ known }) => known.container.id.startsWith(id));
    const [sighting] = meant;
    const silent = asking.line.selector.engines.filter((engine) => this.engines.get(dockerSource(engine))?.scene() === undefined);
    if (sighting === undefined && silent.length > 0) {
      return { error: `The Docker engine${silent.map((name) => (name === '' ? '' : ` '${name}'`)).join(',')} has not answered yet.` };
    }
    if (sighting === undefined) return { error: `No container has an id that begins with ${id}.` };
    if (meant.length > 1) {
      const ids = meant.map(({ known }) => shortId(known.container.id));
      return { error: `Several containers have an id that begins with ${id}: ${ids.join(', ')}.` };
    }
    const { container } = sighting.known;
    if (!isLive(container.state)) return { error: `Container ${shortId(container.id)} does not run: it is ${container.state}.` };
    if (selects(asking.line.selector, container)) return { value: sighting };
    return { error: `Container ${shortId(container.id)} is not what the other selectors of '${asking.proxy.name}' mean.` };
  }

  private sightings({ line }: Asking): readonly Sighting[] {
    return line.selector.engines.flatMap((engine) => {
      const scene = this.engines.get(dockerSource(engine))?.scene();
      return scene === undefined ? [] : scene.containers.map((known) => ({ known, scene }));
    });
  }

  private listOf({ file }: Asking): MemberList {
    return this.known.get(file) ?? NO_MEMBERS;
  }

  /** Engines hear of what is new in it. Answers its text. */
  private readFile(file: string): string {
    const text = textOf(file);
    const read = 'error' in text ? text : readMembers(text.value);
    const before = this.known.get(file) ?? NO_MEMBERS;
    const list = 'error' in read ? { members: before.members, problem: read.error } : { members: read.value, problem: '' };
    this.known.set(file, list);
    if (!isDeepStrictEqual(before, list)) for (const engine of this.engines.values()) engine.again();
    return 'value' in text ? text.value : '';
  }

  /** Answers why it could not be done. */
  private edit(file: string, change: (text: string, members: readonly Member[]) => string): string | undefined {
    const text = this.readFile(file);
    const { members, problem } = this.known.get(file) ?? NO_MEMBERS;
    if (problem !== '') return `${file}: ${problem}.`;
    const next = change(text, members);
    const error = next === text ? undefined : write(file, next);
    if (error !== undefined) return error;
    this.readFile(file);
    return undefined;
  }
}

function askingOf(proxy: ProxyConfig): Asking | undefined {
  for (const line of proxy.dockerServers) {
    const file = line.selector.members;
    if (file !== undefined) return { proxy, line, file };
  }
  return undefined;
}

function noList({ name }: ProxyConfig): { readonly error: string } {
  return { error: `'${name}' has no line 'docker-servers members=...'.` };
}

type Located = Pick<MemberReport, 'address' | 'reason'>;

function addressOf({ line }: Asking, known: KnownContainer, scene: Scene, member: Member): Read<Located> {
  const collector = new Collector();
  const placed = placeOf(line, known, scene, member, collector);
  if (placed === undefined) return { error: collector.notes.map(({ message }) => message).join('; ') };
  if ('problem' in placed) return { error: placed.problem };
  const { config, reason } = placed.value.server;
  if (config.address === undefined) return { error: placed.value.where };
  return { value: { address: joinHostPort(config.address, config.port), reason } };
}

/** A file that is not there is an empty one. */
function textOf(file: string): Read<string> {
  try {
    return { value: readFileSync(file, 'utf8') };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? { value: '' } : { error: `it cannot be read: ${(error as Error).message}` };
  }
}

/** Whoever reads it sees the former text or the whole new one; it stays the file of whoever it belongs to. */
function write(file: string, text: string): string | undefined {
  try {
    const real = targetOf(file);
    const fresh = `${real}.${randomBytes(6).toString('hex')}.new`;
    try {
      writeAnew(fresh, text, statSync(real, { throwIfNoEntry: false }));
      renameSync(fresh, real);
    } catch (error) {
      rmSync(fresh, { force: true });
      throw error;
    }
    return undefined;
  } catch (error) {
    return `${file} cannot be written: ${(error as Error).message}`;
  }
}

/** A file that is not there yet, with mode and owner of `former`. Fails where it may not have them. */
function writeAnew(file: string, text: string, former: Stats | undefined): void {
  const descriptor = openSync(file, 'wx', former === undefined ? 0o666 : 0o600);
  try {
    writeFileSync(descriptor, text, { flush: true });
    if (former === undefined) return;
    const { uid, gid } = fstatSync(descriptor);
    if (uid !== former.uid || gid !== former.gid) fchownSync(descriptor, former.uid, former.gid);
    fchmodSync(descriptor, former.mode & 0o7777);
  } finally {
    closeSync(descriptor);
  }
}

/** A link goes on pointing to it. */
function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
