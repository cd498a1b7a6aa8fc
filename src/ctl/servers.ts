/**
 * `fairlead servers`: which containers a section balances over, by hand, as haproxy-docker-config did it. It asks the running
 * balancer by the Runtime API (`show members`, `add member`, `del member`), which keeps the list in the file of the section's
 * `docker-servers members=FILE`.
 */

import type { MemberReport } from '../config/member.ts';
import { ask, Unreachable } from './client.ts';
import type { CtlEdge } from './ctl.ts';
import { findSocket, type Target } from './find-socket.ts';
import { SERVERS_HELP } from './help.ts';
import { quoted } from './lines.ts';
import { parseServers, type ServersOptions } from './servers-options.ts';
import { harmless } from './table.ts';

/** Exit codes: all is as it was asked for; some container is not; nobody could be asked, or what was asked makes no sense. */
const Code = { Done: 0, Not: 1, Failed: 2 } as const;

/** One line of what is answered. */
interface Row {
  readonly id: string;
  readonly state: 'balanced' | 'not_balanced' | 'found' | 'not_found';
  readonly address?: string;
}

/** ms */
const PATIENCE = { silence: 10_000 };

/** `words` are those behind `servers`. Answers the exit code. */
export async function servers(words: readonly string[], edge: CtlEdge): Promise<number> {
  const command = parseServers(words);
  if (command.kind === 'help') {
    edge.stdout.write(SERVERS_HELP);
    return Code.Done;
  }
  if (command.kind === 'refused') return fail(edge, `${command.message}\nfairlead: 'fairlead servers --help' says more`);
  const { options } = command;
  const target = findSocket(options, edge.env, edge.cwd);
  if (typeof target === 'string') return fail(edge, target);
  try {
    return await new Errand(options, edge, target).run();
  } catch (error) {
    if (error instanceof Unreachable) return fail(edge, error.message);
    throw error;
  }
}

function fail({ stderr }: CtlEdge, message: string): number {
  stderr.write(`fairlead: ${harmless(message)}\n`);
  return Code.Failed;
}

class Errand {
  private readonly options: ServersOptions;
  private readonly edge: CtlEdge;
  private readonly target: Target;
  private code: number = Code.Done;

  constructor(options: ServersOptions, edge: CtlEdge, target: Target) {
    this.options = options;
    this.edge = edge;
    this.target = target;
  }

  /** In the order of the words above: what is checked and shown is what came of the changes. */
  async run(): Promise<number> {
    const { add, remove, check, verify, show, restart } = this.options;
    const members = await this.members();
    if (members === undefined) return Code.Failed;
    if (add.length > 0) await this.add();
    if (remove.length > 0) await this.remove();
    if (check !== undefined) await this.check(check);
    if (verify) this.tell((await this.present()).map(({ id, found }) => ({ id, state: found ? 'found' : 'not_found' })));
    if (show) this.show(await this.present());
    if (restart) this.say('nothing has to be restarted: the balancer has what was changed');
    return this.code;
  }

  private async add(): Promise<void> {
    const rows: Row[] = [];
    for (const { id, port } of this.options.add) {
      const done = await this.change(`add member ${this.section} ${id}${port === undefined ? '' : `:${port}`}`);
      const member = done ? matching(await this.present(), id) : undefined;
      rows.push(
        member === undefined ? { id: shown(id), state: 'not_balanced' } : { id: member.id, state: 'balanced', address: member.address },
      );
    }
    this.tell(rows);
  }

  /** No news is good news, as the tool had it. */
  private async remove(): Promise<void> {
    for (const id of this.options.remove) {
      if (await this.change(`del member ${this.section} ${id}`)) this.say(`${shown(id)} is not balanced any more`);
    }
  }

  private async check(ids: readonly string[]): Promise<void> {
    const members = await this.present();
    if (ids.length === 0) this.tell(members.map(({ id }) => ({ id, state: 'balanced' })));
    else this.tell(ids.map((id) => ({ id: shown(id), state: matching(members, id) === undefined ? 'not_balanced' : 'balanced' })));
  }

  private show(members: readonly MemberReport[]): void {
    const { format } = this.options;
    const there = members.filter(({ address }) => address !== '');
    for (const { id, reason } of members.filter(({ address }) => address === '')) this.say(`${id}: ${reason}`);
    if (format === 'text') {
      this.edge.stdout.write(there.map(({ id, address, parameters }) => `${[id, address, ...parameters].join(' ')}\n`).join(''));
      return;
    }
    this.document(
      there.map(({ id, address, parameters }) => {
        const colon = address.lastIndexOf(':');
        return { id, ip: address.slice(0, colon), port: Number(address.slice(colon + 1)), parameters: parameters.join(' ') };
      }),
    );
  }

  private tell(rows: readonly Row[]): void {
    if (rows.some(({ state }) => state.startsWith('not_'))) this.code = Code.Not;
    if (this.options.format !== 'text') this.document(rows);
    else
      this.edge.stdout.write(
        rows.map(({ id, state, address = '' }) => `${`${id.padEnd(24)}${state.padEnd(16)}${address}`.trimEnd()}\n`).join(''),
      );
  }

  private document(rows: readonly object[]): void {
    const { stdout } = this.edge;
    stdout.write(this.options.format === 'json' ? `${JSON.stringify(rows)}\n` : yamlOf(rows));
  }

  /** What only `-v` shows. */
  private say(message: string): void {
    if (this.options.verbose) this.edge.stderr.write(`fairlead: ${harmless(message)}\n`);
  }

  private get section(): string {
    return quoted(this.options.listener);
  }

  private async change(command: string): Promise<boolean> {
    const { text, failed } = await ask(this.target, command, undefined, PATIENCE);
    if (!failed) return true;
    this.code = Code.Not;
    this.edge.stderr.write(`fairlead: ${harmless(text)}\n`);
    return false;
  }

  private async present(): Promise<readonly MemberReport[]> {
    return (await this.members()) ?? [];
  }

  /** Undefined where the section has no list, which has been said. */
  private async members(): Promise<readonly MemberReport[] | undefined> {
    const { text, failed } = await ask(this.target, `show members ${this.section} json`, undefined, PATIENCE);
    if (!failed) return JSON.parse(text) as readonly MemberReport[];
    const [first = ''] = text.split('\n');
    this.edge.stderr.write(`fairlead: ${this.options.listener}: ${harmless(first)}\n`);
    return undefined;
  }
}

function matching(members: readonly MemberReport[], id: string): MemberReport | undefined {
  return members.find((member) => member.id.startsWith(id) || id.startsWith(member.id));
}

/** As `docker ps` shows it. */
function shown(id: string): string {
  return id.slice(0, 12);
}

/** Strings are written as JSON, which YAML takes. */
function yamlOf(rows: readonly object[]): string {
  if (rows.length === 0) return '--- []\n';
  const items = rows.map((row) => Object.entries(row).map(([key, value]) => `${key}: ${JSON.stringify(value)}`));
  return `---\n${items.map((lines) => `- ${lines.join('\n  ')}\n`).join('')}`;
}
