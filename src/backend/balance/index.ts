/** The algorithms of `balance`, by HAProxy's names. Adding one is a file and a row. */

import type { BalanceAlgorithm, BalanceConfig } from '../../config/model.ts';
import type { Balance } from '../types.ts';
import { First } from './first.ts';
import { LeastConn } from './leastconn.ts';
import { RandomDraws } from './random.ts';
import { RoundRobin } from './roundrobin.ts';
import { Source } from './source.ts';
import { StaticRoundRobin } from './static-rr.ts';

const ALGORITHMS: Readonly<Record<BalanceAlgorithm, (config: BalanceConfig) => Balance>> = {
  roundrobin: () => new RoundRobin(),
  'static-rr': () => new StaticRoundRobin(),
  leastconn: () => new LeastConn(),
  first: () => new First(),
  source: () => new Source(),
  random: (config) => new RandomDraws(config.draws),
};

export function createBalance(config: BalanceConfig): Balance {
  return ALGORITHMS[config.algorithm](config);
}
