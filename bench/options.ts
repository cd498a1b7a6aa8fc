/** The command lines of `npm run bench` and its neighbours. */

import { parseArgs } from 'node:util';
import { type Peer, peers } from './peers.ts';
import { type Scenario, scenarios } from './scenarios.ts';

export interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly scenarios: readonly Scenario[];
  readonly peers: readonly Peer[];
  /** Latency at equal load instead of the closed loop. */
  readonly latency: boolean;
  /** Percents of HAProxy's rate, for `latency`. */
  readonly shares: readonly number[];
  /** Requests a second, for `latency`, instead of `shares`. */
  readonly rate: number | undefined;
  /** What a log line costs, instead of anything else. */
  readonly logging: boolean;
  /** Idle connections to compare the memory of, instead of anything else. */
  readonly idle: number | undefined;
}

const scenarioNames = scenarios.map((scenario) => scenario.name).join(', ');
/** What latency is compared for when nobody says. A new connection per request is not a load for open connections. */
const latencyScenarios: readonly string[] = ['small', 'httplog'];

export const usage = `npm run bench -- [options]
  --rounds N      rounds per proxy and scenario (5); the table shows medians
  --seconds N     length of a round (5)
  --only A,B      scenarios: ${scenarioNames}
  --peers A,B     proxies: ${peers.map((peer) => peer.name).join(', ')}
  --latency       latency at the same fixed rate for all (scenarios: ${latencyScenarios.join(', ')})
  --share A,B     that rate in percent of what HAProxy reaches (50)
  --rate N        that rate in requests a second instead
  --logging       what a line of option httplog adds
  --idle N        memory of N idle connections, --seconds after the last of them was opened
`;

/** Throws an Error whose message is for the user. */
export function readOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: text,
      seconds: text,
      only: text,
      peers: text,
      latency: { type: 'boolean' },
      share: text,
      rate: text,
      idle: text,
      logging: { type: 'boolean' },
    },
  });
  const { latency = false, logging = false } = values;
  if (Number(latency) + Number(logging) + Number(values.idle !== undefined) > 1) {
    throw new Error('--latency, --logging and --idle are a benchmark each: one at a time');
  }
  if (logging && values.only !== undefined) throw new Error('--logging has its own scenarios, so --only has no meaning');
  if (!latency && (values.share ?? values.rate) !== undefined) throw new Error('--share and --rate belong to --latency');
  const only = values.only ?? (latency ? latencyScenarios.join(',') : undefined);
  const selected = chosen('--only', only, scenarios);
  const unfit = latency ? selected.find(({ keepAlive, wire }) => !keepAlive || wire !== 'clear') : undefined;
  if (unfit !== undefined)
    throw new Error(`--latency speaks HTTP/1.1 in clear text over connections that it uses again, which '${unfit.name}' does not`);
  return {
    rounds: positive('--rounds', values.rounds ?? '5'),
    seconds: positive('--seconds', values.seconds ?? '5'),
    scenarios: selected,
    peers: chosen('--peers', values.peers, peers),
    latency,
    logging,
    shares: (values.share ?? '50').split(',').map((share) => positive('--share', share)),
    rate: values.rate === undefined ? undefined : positive('--rate', values.rate),
    idle: values.idle === undefined ? undefined : positive('--idle', values.idle),
  };
}

/** Throws an Error whose message is for the user. */
export function positive(option: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${option} wants a whole number above 0, not '${text}'`);
  return Number(text);
}

/** Those of `all` that a list of names asks for; all without one. Throws an Error whose message is for the user. */
export function chosen<T extends { readonly name: string }>(option: string, text: string | undefined, all: readonly T[]): readonly T[] {
  if (text === undefined) return all;
  const names = text.split(',');
  const unknown = names.find((name) => !all.some((one) => one.name === name));
  if (unknown !== undefined) throw new Error(`${option}: no '${unknown}'; there are ${all.map((one) => one.name).join(', ')}`);
  return all.filter((one) => names.includes(one.name));
}
