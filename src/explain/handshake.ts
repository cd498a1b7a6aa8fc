/** What comes before a request: whether its port speaks what its client does, and which certificate the client is shown. */

import { isIP } from 'node:net';
import type { BindConfig, ProxyConfig } from '../config/model.ts';
import type { Step } from './explanation.ts';
import { comesByTls, type Wanted } from './request.ts';
import type { World } from './world.ts';

/** So many names of a certificate are told. */
const MOST = 5;

export interface Handshake {
  /** Why no request comes from it; empty where one may. */
  readonly failure: string;
  readonly steps: readonly Step[];
}

export function handshakeOf(world: World, proxy: ProxyConfig, wanted: Wanted): Handshake {
  const { name, binds, mode } = proxy;
  const { port, secure, host } = wanted;
  const there = binds.filter((bind) => port !== undefined && bind.address.kind === 'inet' && bind.address.port === port);
  if (secure === true && mode === 'http' && there.length > 0 && there.every(({ ssl }) => ssl === undefined))
    return { failure: `port ${port} of '${name}' speaks clear text: no client gets there by https`, steps: [] };
  if (secure === false && there.length > 0 && there.every(({ ssl }) => ssl !== undefined))
    return { failure: `port ${port} of '${name}' speaks TLS: no client gets there by http`, steps: [] };
  const speaking = (there.length > 0 ? there : binds).find(({ ssl }) => ssl !== undefined);
  if (speaking === undefined || comesByTls(proxy, wanted) !== true) return { failure: '', steps: [] };
  return shown(world, speaking, host);
}

function shown(world: World, bind: BindConfig, host: string): Handshake {
  const address = host.replace(/^\[|\]$/g, '');
  // Addresses are not asked for by name.
  const certificate = world.certificateOf(bind, isIP(address) === 0 ? host : undefined);
  if (certificate === undefined) return { failure: '', steps: [] };
  if (certificate === 'none')
    return { failure: `no certificate of its bind line is for ${host}, and 'strict-sni' shows no other one`, steps: [] };
  const { file, line } = bind.place;
  const step = (text: string, note: string): Handshake => ({
    failure: '',
    steps: [{ place: `${file}:${line}`, text: `certificate ${text}`, result: 'yes', note }],
  });
  if (certificate === 'made') return step('of self-signed', 'made for every host that leads somewhere');
  const { names } = certificate;
  const told = names.length > MOST ? `${names.slice(0, MOST).join(', ')} and ${names.length - MOST} more` : names.join(', ');
  return step(`${certificate.file} (${told})`, certificate.isFor(address) ? '' : `it is not for ${host}: clients that verify it complain`);
}
