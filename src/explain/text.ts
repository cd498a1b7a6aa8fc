/** An explanation in lines for people, each with its newline. None is empty: the Runtime API ends its answers with one. */

import type { AskingLine, ReadWord } from '../discovery/report.ts';
import type { Explanation, Member, Path, Pool, Step, Told, ToldUse, Verdict } from './explanation.ts';
import { shortOf, stateText } from './told.ts';

export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = { routed: 'routed', waiting: 'waiting', refused: 'not routed' };

export function* linesOf(explanation: Explanation): Generator<string> {
  for (const line of linesAsTheyAre(explanation)) yield `${line.slice(0, -1).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ')}\n`;
}

/** What labels and names hold may break lines. */
function* linesAsTheyAre(explanation: Explanation): Generator<string> {
  const { asked, containers, paths, hints, routed } = explanation;
  yield* sourceLines(explanation);
  if (asked === '') {
    yield `${counted(containers)}\n`;
    for (const told of containers) yield* [`${headOf(told)}\n`, `    ${told.summary}\n`];
    return;
  }
  for (const told of containers) yield* containerLines(told);
  if (paths.length > 0 || containers.length === 0) yield `${asked} is ${routed ? 'routed' : 'not routed'}\n`;
  for (const path of paths) yield* pathLines(path);
  for (const hint of hints) yield `${hint}\n`;
}

function* sourceLines({ running, sources }: Explanation): Generator<string> {
  if (!running) yield "no running balancer was asked: what Fairlead's own checks find is not known here\n";
  for (const { name, spoken, trouble } of sources) {
    if (!spoken) yield `source ${name} has not answered${trouble === '' ? '' : `: ${trouble}`}\n`;
    else if (trouble !== '') yield `source ${name} is away: ${trouble}; this is what it said last\n`;
  }
}

/** `5 containers, of which 3 routed, 1 waiting, 1 not routed` */
function counted(containers: readonly Told[]): string {
  if (containers.length === 0) return 'no source knows of a container';
  const verdicts = (['routed', 'waiting', 'refused'] as const).map((verdict) => {
    return `${containers.filter((told) => told.verdict === verdict).length} ${VERDICT_WORDS[verdict]}`;
  });
  const kinds = new Set(containers.map(({ kind }) => kind));
  const what = kinds.size === 1 ? (containers[0] as Told).kind : 'thing';
  return `${containers.length} ${what}${containers.length === 1 ? '' : 's'}, of which ${verdicts.join(', ')}`;
}

function headOf({ verdict, kind, name, id, what, state, health, source }: Told): string {
  const facts = [what, state, health, source].filter((text) => text !== '').join(', ');
  return `${kind} ${name} (${shortOf(id)}) is ${VERDICT_WORDS[verdict]}; ${facts}`;
}

// --- a container in detail

function* containerLines(told: Told): Generator<string> {
  const { uses, reasons, words, networks, ports, summary, verdict } = told;
  yield `${headOf(told)}\n`;
  if (uses.length === 0) yield `    ${summary}\n`;
  for (const use of uses) yield* useLines(use);
  for (const { line, level, message } of reasons) {
    // That other lines leave it alone is as it should be where one has taken it.
    if (level === 'info' && verdict !== 'refused') continue;
    if (uses.length > 0 || message !== summary) yield `    ${level}: ${line === undefined ? '' : `${lineText(line)}: `}${message}\n`;
  }
  if (words.length > 0) yield `    read: ${words.map(wordText).join(', ')}\n`;
  const addresses = networks.map(({ name, addresses: all }) => `${name} ${all.join(' ')}`.trimEnd());
  yield `    networks: ${addresses.join(', ') || 'none'}; ports: ${ports.join(', ') || 'none'}\n`;
}

function* useLines({ line, backend, server, routes, reached, member }: ToldUse): Generator<string> {
  const isNone = routes.length > 0 && reached.length === 0;
  const state = isNone ? 'it would be' : stateText(member);
  yield `    ${lineText(line)}: ${state}; server ${server.name} of backend ${backend}, ${server.where}\n`;
  for (const { text, frontend, priority, rewrite, lost } of routes) {
    const how = `${priority === 0 ? '' : `, priority ${priority}`}${rewrite === undefined ? '' : `, rewritten to '${rewrite}'`}`;
    yield `        ${text} in '${frontend}'${how}${lost === '' ? '' : `: not given to it: ${lost}`}\n`;
  }
  const others = reached.filter((way) => !routes.some(({ text, frontend }) => way === `${text} in '${frontend}'`));
  if (others.length > 0) yield `        reached by ${others.join(', ')}\n`;
  if (reached.length === 0 && routes.length === 0)
    yield '        no frontend leads there: no default_backend and no use_backend names it\n';
}

/** `haproxy.cfg:12 docker-routes of 'www'` */
function lineText({ place, keyword, section }: AskingLine): string {
  return `${place} ${keyword} of '${section}'`;
}

function wordText({ reader, from, name, value }: ReadWord): string {
  const about = [from === 'environment' ? 'environment' : '', reader === 'fairlead' ? '' : reader].filter((text) => text !== '');
  return `${name}=${value}${about.length === 0 ? '' : ` (${about.join(', ')})`}`;
}

// --- a request's way

function* pathLines({ frontend, binds, place, steps, outcome, unknown }: Path): Generator<string> {
  const answer = outcome.status === 0 ? '' : `${outcome.status}: `;
  yield `frontend ${frontend} (${binds.join(', ') || 'no bind'}; ${place}): ${answer}${outcome.text}\n`;
  yield* stepLines(steps);
  if (unknown.length > 0) yield `    this may be otherwise: rules ask for ${unknown.join(', ')}\n`;
  if (outcome.pool !== undefined) yield* poolLines(outcome.pool);
}

/** Those that do not match are many, and are counted. */
function* stepLines(steps: readonly Step[]): Generator<string> {
  let skipped = 0;
  for (const { place, text, result, note } of steps) {
    if (result === 'no') {
      skipped++;
      continue;
    }
    yield* skippedLine(skipped);
    skipped = 0;
    const said = result === 'unknown' ? `: not known, it ${note}` : note === '' ? '' : `: ${note}`;
    yield `    ${place === '' ? '' : `${place} `}${text}${said}\n`;
  }
  yield* skippedLine(skipped);
}

function* skippedLine(count: number): Generator<string> {
  if (count > 0) yield `    ${count} rule${count === 1 ? ' does' : 's do'} not match\n`;
}

function* poolLines({ name, origin, algorithm, bound, members }: Pool): Generator<string> {
  const ties = bound.length === 0 ? '' : `, unless ${bound.join(' or ')} says otherwise`;
  yield `    backend ${name} (${origin}), balance ${algorithm}${ties}\n`;
  for (const member of members) yield `        ${memberText(member)}\n`;
}

function memberText(member: Member): string {
  const { name, container, address, next } = member;
  const called = container === '' || container === name ? name : `${name} (${container})`;
  return `${called} ${address === '' ? '' : `${address} `}${stateText(member)}${next ? ' <- next' : ''}`;
}
