/** A frontend, and one server of TLS behind it. */

import { tlsFile } from '../support/tls.ts';
import { answers, type OnSecure, startTlsUpstream, type TlsUpstream, type TlsUpstreamOptions } from '../support/tls-upstream.ts';
import { type Balancer, withBalancer } from './balancer.ts';

export const CA = `ca-file ${tlsFile('ca')}`;

/** `more`: lines of the proxy. */
export const listen = (more: string) => `listen www\n bind 127.0.0.1:0\n ${more}\n`;

export const get = (path = '/', host = 'example.test') => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

/** Behind a good server whose certificate is trusted; `words` of its line. */
export async function withServer(
  lines: string,
  words: string,
  story: (balancer: Balancer, server: TlsUpstream) => Promise<void>,
  onSocket: OnSecure = answers,
  options: TlsUpstreamOptions = {},
): Promise<void> {
  const server = await startTlsUpstream('server', onSocket, options);
  try {
    await withBalancer(listen(`${lines}\n server s1 ${server.address} ssl ${CA} ${words}`), (balancer) => story(balancer, server));
  } finally {
    await server.stop();
  }
}
