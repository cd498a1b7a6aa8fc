/** The command line of `npm run bench`. */

import { parseArgs } from 'node:util';
import { type Peer, peers } from './peers.ts';
import { type Scenario, scenarios } from './scenarios.ts';

export interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly scenarios: readonly Scenario[];
  readonly peers: readonly Peer[];
}

export const usage = `npm run bench -- [options]
  --rounds N      rounds per proxy and scenario (5); the table shows medians
  --seconds N     length of a round (5)
  --only A,B      scenarios: ${scenarios.map((scenario) => scenario.name).join(', ')}
  --peers A,B     proxies: ${peers.map((peer) => peer.name).join(', ')}
`;

/** Throws an Error whose message is for the user. */
export function readOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args: [...args], options: { rounds: text, seconds: text, only: text, peers: text } });
  return {
    rounds: positive('--rounds', values.rounds ?? '5'),
    seconds: positive('--seconds', values.seconds ?? '5'),
    scenarios: chosen('--only', values.only, scenarios),
    peers: chosen('--peers', values.peers, peers),
  };
}

function positive(option: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${option} wants a whole number above 0, not '${text}'`);
  return Number(text);
}

function chosen<T extends { readonly name: string }>(option: string, text: string | undefined, all: readonly T[]): readonly T[] {
  if (text === undefined) return all;
  const names = text.split(',');
  const unknown = names.find((name) => !all.some((one) => one.name === name));
  if (unknown !== undefined) throw new Error(`${option}: no '${unknown}'; there are ${all.map((one) => one.name).join(', ')}`);
  return all.filter((one) => names.includes(one.name));
}
