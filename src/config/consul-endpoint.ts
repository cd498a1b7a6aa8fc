/** Where a Consul agent listens, as a `consul` section and CONSUL_HTTP_ADDR write it. */

import { isIP } from 'node:net';
import { isHostName, readPort, splitHostPort } from './address.ts';
import type { Read } from './values.ts';

export type ConsulEndpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly tls: boolean; readonly host: string; readonly port: number };

/** Those of the scheme, as in any URL; Consul's own where none is given. */
const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };
const OWN_PORT = 8500;

/** `http://host:port`, `https://host:port`, `unix:///path`; without a scheme it is http. A name is looked up when it is used. */
export function readConsulEndpoint(text: string): Read<ConsulEndpoint> {
  const expected = { error: `expects http://host:port, https://host:port or unix:///path, found '${text}'` };
  const [, given, rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/.exec(text) ?? [];
  const scheme = given ?? 'http';
  if (scheme === 'unix') return rest.startsWith('/') && rest !== '/' ? { value: { kind: 'unix', path: rest } } : expected;
  if (scheme !== 'http' && scheme !== 'https') return expected;
  const { host, port } = splitHostPort(rest.replace(/\/$/, ''));
  if (isIP(host) === 0 && !isHostName(host)) return expected;
  const read = port === undefined ? { value: (given === undefined ? undefined : PORTS[given]) ?? OWN_PORT } : readPort(port);
  if ('error' in read) return { error: `: ${read.error} in '${text}'` };
  return { value: { kind: 'tcp', tls: scheme === 'https', host, port: read.value } };
}
