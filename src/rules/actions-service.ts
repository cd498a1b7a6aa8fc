/** `use-service`: one of the proxy's own services answers instead of a server (manual 4.2, "http-request use-service"). */

import { didYouMean } from '../core/suggest.ts';
import type { ActionRow, Words } from './action.ts';
import { RuleError, refused } from './error.ts';
import type { Final } from './types.ts';

/** By name: what the data plane is given under the same one. */
const SERVICES: readonly string[] = ['prometheus-exporter'];

/** Status and reply are the service's. */
function serviceOf(words: Words): Final {
  const name = words.argument("'use-service' expects a service name.");
  if (name.startsWith('lua.')) throw refused(`'${name}'`);
  if (!SERVICES.includes(name)) throw new RuleError(`'${name}' unknown service name${didYouMean(name, SERVICES) || '.'}`);
  return { kind: 'intercepted', status: 200, reply: undefined, service: name, close: false };
}

export const SERVICE_ACTIONS: readonly ActionRow[] = [
  {
    name: 'use-service',
    on: 'request',
    syntax: '<name>',
    help: 'Has a service of the proxy answer: `prometheus-exporter`, the metrics (docs/monitoring.md).',
    compile: (words) => {
      const final = serviceOf(words);
      return () => final;
    },
  },
];
