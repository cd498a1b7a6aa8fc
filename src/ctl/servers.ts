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
import { harmless, harmlessJson } from './table.ts';

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
  const target = await findSocket(options, edge.env, edge.cwd);
  if (typeof target === 'string') return fail(edge, target);
  try {
    return await new Errand(options, edge, target).run();
  } catch (error) {
    if (error instanceof Unreachable || error instanceof Refused) return fail(edge, error.message);
    throw error;
  }
}

/** What no answer can be told without was refused. */
class Refused extends Error {}

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
    await this.members();
    if (add.length > 0) await this.add();
    if (remove.length > 0) await this.remove();
    if (check !== undefined) await this.check(check);
    if (verify) this.tell((await this.members()).map(({ id, found }) => ({ id, state: found ? 'found' : 'not_found' })));
    if (show) this.show(await this.members());
    if (restart) this.say('nothing has to be restarted: the balancer has what was changed');
    return this.code;
  }

  private async add(): Promise<void> {
    const rows: Row[] = [];
    for (const { id, port } of this.options.add) {
      const done = await this.change(`add member ${this.section} ${id}${port === undefined ? '' : `:${port}`}`);
      // Of those that run only one begins so: it was taken.
      const member = done
        ? matching(
            (await this.members()).filter(({ found }) => found),
            id,
          )
        : undefined;
      rows.push(
        typeof member === 'object'
          ? { id: member.id, state: 'balanced', address: member.address }
          : { id: shown(id), state: 'not_balanced' },
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
    const members = await this.members();
    if (ids.length === 0) this.tell(members.map(({ id }) => ({ id, state: 'balanced' })));
    else this.tell(ids.map((id) => ({ id: shown(id), state: this.isBalanced(members, id) ? 'balanced' : 'not_balanced' })));
  }

  private isBalanced(members: readonly MemberReport[], id: string): boolean {
    const member = matching(members, id);
    if (member === 'several') this.complain(`Several members of '${this.options.listener}' have an id that begins with ${id}.`);
    return typeof member === 'object';
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
    stdout.write(this.options.format === 'json' ? `${harmlessJson(rows)}\n` : yamlOf(rows));
  }

  /** What only `-v` shows. */
  private say(message: string): void {
    if (this.options.verbose) this.edge.stderr.write(`fairlead: ${harmless(message)}\n`);
  }

  private complain(message: string): void {
    this.edge.stderr.write(`fairlead: ${harmless(message)}\n`);
  }

  private get section(): string {
    return quoted(this.options.listener);
  }

  private async change(command: string): Promise<boolean> {
    const { text, failed } = await ask(this.target, command, undefined, PATIENCE);
    if (!failed) return true;
    this.code = Code.Not;
    this.complain(/^Permission denied/.test(text) ? `${text.trimEnd()} (changes need level admin)` : text);
    return false;
  }

  /** @throws Refused where the section has no list, or one that cannot be read */
  private async members(): Promise<readonly MemberReport[]> {
    const { text, failed } = await ask(this.target, `show members ${this.section} json`, undefined, PATIENCE);
    if (!failed) return JSON.parse(text) as readonly MemberReport[];
    const [first = ''] = text.split('\n');
    throw new Refused(`${this.options.listener}: ${first}`);
  }
}

/** The one that an id means; several may begin so. */
function matching(members: readonly MemberReport[], id: string): MemberReport | 'several' | undefined {
  const meant = members.filter((member) => member.id.startsWith(id) || id.startsWith(member.id));
  return meant.length > 1 ? 'several' : meant[0];
}

/** As `docker ps` shows it. */
function shown(id: string): string {
  return id.slice(0, 12);
}

/** Strings are written as JSON, which YAML takes. */
function yamlOf(rows: readonly object[]): string {
  if (rows.length === 0) return '--- []\n';
  const items = rows.map((row) => Object.entries(row).map(([key, value]) => `${key}: ${harmlessJson(value)}`));
  return `---\n${items.map((lines) => `- ${lines.join('\n  ')}\n`).join('')}`;
}
