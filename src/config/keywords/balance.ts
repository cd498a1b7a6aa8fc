/** How a backend chooses among its servers (manual 4.2). */

import { didYouMean } from '../../core/suggest.ts';
import type { ProxyDraft } from '../draft.ts';
import type { BalanceAlgorithm, BalanceConfig } from '../model.ts';
import { BACK, type Row } from '../row.ts';
import { type Read, readInteger } from '../values.ts';
import { refusal, refusedAlgorithms } from './refused.ts';

export const ALGORITHMS: readonly BalanceAlgorithm[] = ['roundrobin', 'static-rr', 'leastconn', 'first', 'source', 'random'];

/** HAProxy sets no limit, but every request pays for every draw, and more than a few change nothing. */
const MOST_DRAWS = 100;

/** `roundrobin`, `random(3)`: for the keyword and for the label of a container. */
export function readBalance(word: string): Read<BalanceConfig> {
  const [, name = '', argument] = /^([^(]*)(?:\((.*)\))?$/s.exec(word) ?? [];
  const algorithm = ALGORITHMS.find((known) => known === name);
  if (algorithm === undefined) return { error: unknownAlgorithm(name, word) };
  if (argument === undefined) return { value: { algorithm, draws: 2 } };
  if (algorithm !== 'random') return { error: `balance ${algorithm} takes no argument in parentheses.` };
  const draws = readInteger(argument, 'balance random', 1, MOST_DRAWS);
  return 'value' in draws
    ? { value: { algorithm, draws: draws.value } }
    : { error: `balance random : number of draws must be at least 1 and at most ${MOST_DRAWS}.` };
}

function unknownAlgorithm(name: string, word: string): string {
  if (refusedAlgorithms.includes(name)) return refusal(`'balance ${name}'`, undefined);
  const list = ALGORITHMS.map((known) => `'${known}'`).join(', ');
  return `balance only supports ${list} (got '${word}')${didYouMean(name, ALGORITHMS) || '.'}`;
}

export const balanceRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'balance',
    sections: BACK,
    syntax: '{roundrobin|static-rr|leastconn|first|source|random[(<draws>)]}',
    default: 'roundrobin',
    chapter: '4.2',
    doc: 'Which server gets the next request: in turns by weight, the one with the fewest requests, the first with a free slot, by a hash of the client, or the least loaded of some drawn at random (2, at most 100).',
    parse: (proxy, line) => {
      const balance = line.value(readBalance(line.words[0] ?? 'roundrobin'));
      if (balance === undefined) return;
      proxy.balance = balance;
      if (line.words.length > 1) line.warn(`'balance' ignores what follows '${line.first}'.`);
    },
  },
];
