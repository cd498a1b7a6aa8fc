/** `show stat [<proxy> <kinds> <sid>] [desc|json|no-maint|typed|up]*`: the statistics, whole or in part (manual 9.3); their schema. */

import { csv } from '../../stats/csv.ts';
import { readingNow } from '../../stats/field.ts';
import { EVERYTHING, type Row, rowsIn, type Selection, type StatsProxy } from '../../stats/rows.ts';
import { SCHEMA } from '../../stats/schema.ts';
import { json, typed } from '../../stats/typed.ts';
import { type Answer, allows, type Call, type Command, data, refuse } from './command.ts';
import { findProxy, proxyId } from './find.ts';
import { leadingInteger } from './numbers.ts';
import { resolverStatistics } from './resolvers.ts';

/** What the three numbers choose; -1 is all. */
interface Choice {
  readonly iid: number;
  /** Of KINDS. */
  readonly kinds: number;
  readonly sid: number;
}

const ALL: Choice = { iid: -1, kinds: -1, sid: -1 };
const KINDS: Readonly<Record<Row['side'], number>> = { F: 1, B: 2, S: 4, L: 8 };

function showStat({ args, runtime, state }: Call): Answer {
  const words = [...args];
  if (words[0] === 'domain') {
    if (words[1] !== 'proxy')
      return words[1] === 'resolvers' ? data(resolverStatistics(runtime, words)) : refuse('Invalid statistics domain.');
    words.splice(0, 2);
  }
  let choice = ALL;
  if (words.length >= 3) {
    const [proxy = '', kinds = '', sid = ''] = words.splice(0, 3);
    const found = findProxy(runtime, proxy);
    const iid = found === undefined ? (leadingInteger(proxy) ?? 0) : proxyId(found);
    if (iid === 0) return refuse('No such proxy.');
    choice = { iid, kinds: leadingInteger(kinds) ?? 0, sid: leadingInteger(sid) ?? 0 };
  }
  const selection: Selection = { ...EVERYTHING, up: words.includes('up'), noMaint: words.includes('no-maint') };
  const at = readingNow({ legends: allows(state.level, 'operator'), counts: selection.up || selection.noMaint });
  const rows = chosen(runtime.proxies, selection, choice);
  switch (words.findLast((word) => word === 'json' || word === 'typed')) {
    case 'json':
      return { kind: 'data', pieces: json(rows, at) };
    case 'typed':
      return { kind: 'data', pieces: typed(rows, at, words.includes('desc')) };
    default:
      return { kind: 'data', pieces: csv(rows, at) };
  }
}

function* chosen(proxies: readonly StatsProxy[], selection: Selection, { iid, kinds, sid }: Choice): Generator<Row> {
  const asked = proxies.filter((proxy) => iid === -1 || proxyId(proxy) === iid);
  for (const row of rowsIn(asked, selection)) {
    if ((kinds & KINDS[row.side]) === 0) continue;
    if (sid === -1 || !(row.side === 'S' || row.side === 'L') || row.of.id === sid) yield row;
  }
}

export const statCommands: readonly Command[] = [
  { name: 'show stat', syntax: '[<proxy> <kinds> <sid>] [desc|json|no-maint|typed|up]*', help: 'the statistics', run: showStat },
  { name: 'show schema json', syntax: '', help: 'the schema of JSON reports', run: () => data(SCHEMA) },
];
