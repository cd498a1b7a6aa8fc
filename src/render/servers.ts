/** Servers that were found as `server` lines. */

import { joinHostPort } from '../config/address.ts';
import { finishServer, newServer } from '../config/draft-server.ts';
import { applyServerParameters } from '../config/keywords/server.ts';
import type { ServerConfig } from '../config/model.ts';
import type { GlobalTlsConfig } from '../config/model-tls.ts';
import { serverWords } from '../config/server-words.ts';
import { newServerSslWords } from '../config/tls-words.ts';
import { writeLine } from '../config/write.ts';
import { bytesOf, textOf } from '../core/bytes.ts';
import type { DiscoveredServer } from '../discovery/provider.ts';
import { comment } from './lines.ts';

/**
 * What a line without parameters makes behind these `default-server` lines, of which each is given by its parameters, as bytes.
 * @param tls what `global` says, which counts for it as well
 */
export function defaultServer(lines: readonly (readonly string[])[], tls: GlobalTlsConfig): ServerConfig {
  let server = finishServer({ ...newServer(), sslWords: newServerSslWords(tls) });
  for (const words of lines) {
    const applied = applyServerParameters(server, words.map(textOf));
    if ('server' in applied) server = applied.server;
  }
  return server;
}

/** A server that gets no traffic stands there `disabled`, with the reason above it; one that cannot be reached as a comment. */
export function serverLines(servers: readonly DiscoveredServer[], base: ServerConfig): readonly string[] {
  return servers.flatMap(({ config, state, reason }) => {
    const { name, address, port, origin } = config;
    const why = state === 'ready' ? '' : `${state}: ${reason}`;
    if (address === undefined) return [comment(`${origin}, as server ${name}, has no address: ${reason}`)];
    const disabled = state === 'ready' ? config : { ...config, disabled: true };
    const line = writeLine(['server', name, joinHostPort(address, port), ...serverWords(disabled, base)].map(bytesOf));
    return why === '' ? [line] : [comment(why), line];
  });
}
