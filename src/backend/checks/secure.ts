/** Whether a check is encrypted, and how (manual 5.2 `check-ssl`, `check-sni`, `check-alpn`; 4.2 `http-check connect`). */

import type { CheckConnect, ServerConfig } from '../../config/model.ts';
import type { Spoken } from '../../tls/servers-connect.ts';
import type { Server } from '../server.ts';

/** Undefined for clear text; a text says why it should be encrypted and cannot be. */
export function spokenFor(server: Server, step: CheckConnect): Spoken | string | undefined {
  const { backend, config, sessions } = server;
  const { check, ssl, sslWords = ssl } = config;
  const asServer = step.ssl === 'default';
  if (sslWords === undefined || !(step.ssl === true || (asServer && encryptsChecks(config)))) return undefined;
  const context = backend.contexts.of(sslWords);
  if (context === undefined) return backend.contexts.refusal(sslWords) ?? 'its files have changed';
  const name = step.sni ?? (asServer ? check?.sni : undefined);
  const alpn = step.alpn ?? (asServer ? check?.alpn : undefined) ?? sslWords.alpn;
  return { ssl: sslWords, context, name: name === '' ? undefined : name, alpn, sessions, counters: backend.contexts.counters };
}

/** As the traffic, where checks go to its address and port, unless they say for themselves. */
export function encryptsChecks({ check, ssl }: ServerConfig): boolean {
  if (check?.ssl !== undefined) return check.ssl;
  return ssl !== undefined && check?.address === undefined && (check?.port ?? check?.addressPort) === undefined;
}
