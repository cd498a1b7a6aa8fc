/** The algorithms of `balance`, by HAProxy's names. Adding one is a file and a row. */

import type { BalanceAlgorithm, BalanceConfig } from '../../config/model.ts';
import type { Balance } from '../types.ts';
import { Consistent } from './consistent.ts';
import { First } from './first.ts';
import { LeastConn } from './leastconn.ts';
import { MapBased } from './map-based.ts';
import { RandomDraws } from './random.ts';
import { RoundRobin } from './roundrobin.ts';
import { StaticRoundRobin } from './static-rr.ts';

function hashed({ algorithm, hash }: BalanceConfig): Balance {
  const always = algorithm === 'source' || algorithm === 'url_param';
  return hash?.method === 'consistent' ? new Consistent(hash.balanceFactor, always) : new MapBased(always);
}

const ALGORITHMS: Readonly<Record<BalanceAlgorithm, (config: BalanceConfig) => Balance>> = {
  roundrobin: () => new RoundRobin(),
  'static-rr': () => new StaticRoundRobin(),
  leastconn: () => new LeastConn(),
  first: () => new First(),
  source: hashed,
  uri: hashed,
  url_param: hashed,
  hdr: hashed,
  hash: hashed,
  random: (config) => new RandomDraws(config.draws, config.hash?.balanceFactor ?? 0),
};

export function createBalance(config: BalanceConfig): Balance {
  return ALGORITHMS[config.algorithm](config);
}
