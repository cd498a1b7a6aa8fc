/**
 * What a column is called by HAProxy's Prometheus exporter (2.6), and what its samples are. The names have the side in
 * front: `haproxy_frontend_`, `haproxy_listener_`, `haproxy_server_`, `haproxy_backend_`; one that ends in `_total` is a counter.
 *
 *     a column has            its sample has
 *     a number                the number; seconds with six decimals where the column has milliseconds (`ms`)
 *     nothing                 NaN, or there is no sample at all (`sparse`, and whatever is of HTTP alone in mode tcp)
 *     a word                  as many samples as there are words, 1 for the one that holds, else 0 (`states`)
 */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import type { Frontend } from '../proxy/frontend.ts';
import type { Listener } from '../proxy/listener.ts';
import type { Field, Readers } from './field.ts';

/** F frontend, L listener, S server, B backend. */
export type Side = 'F' | 'L' | 'S' | 'B';

/** What can be in one of several states. */
export interface States<Of> {
  readonly words: readonly string[];
  /** A number for each word; undefined where there are no samples. */
  count(of: Of): readonly number[] | undefined;
}

interface SidesOfStates {
  readonly F?: States<Frontend>;
  readonly L?: States<Listener>;
  readonly S?: States<Server>;
  readonly B?: States<Backend>;
}

interface MetricOptions {
  /** A label beside those that say whose sample it is, as it is written: `code="2xx"`. */
  readonly label?: string;
  readonly ms?: boolean;
  readonly sparse?: boolean;
  /** Proxies in mode tcp have no sample, whatever stands in the column. */
  readonly http?: boolean;
  readonly states?: SidesOfStates;
  /** Where it is not what the column has. */
  readonly read?: Readers;
}

export interface Metric extends MetricOptions {
  /** The sides that have it. */
  readonly sides: string;
  readonly name: string;
  readonly help: string;
}

/** `field` as it stands, with the name and help of its metric on `sides`. */
export function metric(sides: string, name: string, help: string, field: Field, options: MetricOptions = {}): Field {
  return { ...field, metric: { sides, name, help, ...options } };
}
