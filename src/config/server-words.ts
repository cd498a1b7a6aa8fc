/**
 * A server's parameters as words again: what `keywords/server.ts` reads as the same server, over the same `default-server`.
 *
 * Only what differs from `base` is said. A word that cannot be taken back (`non-stick`, `track`, `cookie`, ...) is in every
 * server over a `default-server` that has it, so nothing is said where the server is without it.
 */

import { textOf } from '../core/bytes.ts';
import { joinHostPort } from './address.ts';
import { finishServer, newServer } from './draft-server.ts';
import type { AgentConfig, ServerCheckConfig, ServerConfig, ServerSslConfig } from './model.ts';
import { finishServerSsl } from './tls-words.ts';
import { writeTime } from './write.ts';

/** What a line without parameters makes, under no `default-server`. */
const PLAIN: ServerConfig = finishServer(newServer());

/** As text; `base` is what a line without parameters would make. */
export function serverWords(server: ServerConfig, base: ServerConfig = PLAIN): readonly string[] {
  const words = new Words();
  words.number('id', server.id, base.id);
  words.number('weight', server.weight, base.weight);
  words.flag(server.backup, base.backup, 'backup', 'no-backup');
  words.flag(server.disabled, base.disabled, 'disabled', 'enabled');
  words.number('maxconn', server.maxconn, base.maxconn);
  words.number('minconn', server.minconn, base.minconn);
  words.number('maxqueue', server.maxqueue, base.maxqueue);
  words.number('max-reuse', server.maxReuse, base.maxReuse);
  words.number('pool-max-conn', server.poolMaxConn, base.poolMaxConn);
  words.time('pool-purge-delay', server.poolPurgeDelay, base.poolPurgeDelay);
  words.time('slowstart', server.slowstart, base.slowstart);
  words.text('cookie', bytesText(server.cookie), bytesText(base.cookie));
  words.flag(server.nonStick, base.nonStick, 'non-stick', undefined);
  words.text('track', trackText(server), trackText(base));
  words.text('observe', server.observe ?? 'none', base.observe ?? 'none');
  words.number('error-limit', server.errorLimit, base.errorLimit);
  words.text('on-error', server.onError, base.onError);
  if (server.shutdownWhenDown && !base.shutdownWhenDown) words.add('on-marked-down', 'shutdown-sessions');
  if (server.shutdownBackupsWhenUp && !base.shutdownBackupsWhenUp) words.add('on-marked-up', 'shutdown-backup-sessions');
  words.text('init-addr', server.initAddr.join(',') || undefined, base.initAddr.join(',') || undefined);
  words.flag(server.ssl !== undefined, base.ssl !== undefined, 'ssl', 'no-ssl');
  sslWords(words, sslOf(server), sslOf(base));
  words.flag(server.check !== undefined, base.check !== undefined, 'check', 'no-check');
  checkWords(words, checkOf(server), checkOf(base));
  words.flag(server.agent !== undefined, base.agent !== undefined, 'agent-check', 'no-agent-check');
  agentWords(words, agentOf(server), agentOf(base));
  return words.all;
}

/** What was written of checks and agents counts also where they are off: a later word may turn them on. */
function checkOf({ checkWords: words, check }: ServerConfig): ServerCheckConfig {
  return words ?? check ?? newServer().checkWords;
}

function agentOf({ agentWords: words, agent }: ServerConfig): AgentConfig {
  return words ?? agent ?? newServer().agentWords;
}

function sslOf({ sslWords: words, ssl }: ServerConfig): ServerSslConfig {
  return words ?? ssl ?? finishServerSsl(newServer().sslWords);
}

/** Paths are absolute: a base has no say in them. */
function sslWords(words: Words, ssl: ServerSslConfig, base: ServerSslConfig): void {
  if (ssl === base) return;
  words.text('verify', ssl.verify, base.verify);
  words.text('ca-file', ssl.caFile, base.caFile);
  words.text('crl-file', ssl.crlFile, base.crlFile);
  words.text('crt', ssl.crt, base.crt);
  words.text('sni', bytesText(ssl.sni), bytesText(base.sni));
  words.text('verifyhost', ssl.verifyhost, base.verifyhost);
  words.flag(ssl.verifyhost !== undefined, base.verifyhost !== undefined, undefined, 'no-verifyhost');
  words.text('alpn', listText(ssl.alpn), listText(base.alpn));
  words.text('ciphers', ssl.ciphers, base.ciphers);
  words.text('ciphersuites', ssl.ciphersuites, base.ciphersuites);
  words.text('ssl-min-ver', ssl.minVersion, base.minVersion);
  words.text('ssl-max-ver', ssl.maxVersion, base.maxVersion);
  words.flag(ssl.tickets, base.tickets, 'tls-tickets', 'no-tls-tickets');
  words.flag(ssl.reuse, base.reuse, 'ssl-reuse', 'no-ssl-reuse');
}

function listText(names: readonly string[] | undefined): string | undefined {
  return names?.join(',') || undefined;
}

function checkWords(words: Words, check: ServerCheckConfig, base: ServerCheckConfig): void {
  words.time('inter', check.inter, base.inter);
  words.time('fastinter', check.fastinter, base.fastinter);
  words.time('downinter', check.downinter, base.downinter);
  words.number('rise', check.rise, base.rise);
  words.number('fall', check.fall, base.fall);
  words.text('addr', addressText(check), addressText(base));
  words.number('port', check.port ?? 0, base.port ?? 0);
  if (check.ssl !== undefined && check.ssl !== base.ssl) words.add(check.ssl ? 'check-ssl' : 'no-check-ssl');
  words.text('check-sni', check.sni, base.sni);
  words.text('check-alpn', listText(check.alpn), listText(base.alpn));
}

function agentWords(words: Words, agent: AgentConfig, base: AgentConfig): void {
  words.number('agent-port', agent.port ?? 0, base.port ?? 0);
  words.time('agent-inter', agent.inter, base.inter);
  words.text('agent-addr', agent.address, base.address);
  words.text('agent-send', bytesText(agent.send) || undefined, bytesText(base.send) || undefined);
}

function addressText({ address, addressPort }: ServerCheckConfig): string | undefined {
  return address === undefined ? undefined : joinHostPort(address, addressPort ?? 0);
}

function trackText({ track }: ServerConfig): string | undefined {
  if (track === undefined) return undefined;
  return track.backend === '' ? track.server : `${track.backend}/${track.server}`;
}

function bytesText(bytes: string | undefined): string | undefined {
  return bytes === undefined ? undefined : textOf(bytes);
}

class Words {
  readonly all: string[] = [];

  add(...words: readonly string[]): void {
    this.all.push(...words);
  }

  number(name: string, value: number | undefined, base: number | undefined): void {
    if (value !== undefined && value !== base) this.add(name, String(value));
  }

  time(name: string, value: number | undefined, base: number | undefined): void {
    if (value !== undefined && value !== base) this.add(name, writeTime(value));
  }

  text(name: string, value: string | undefined, base: string | undefined): void {
    if (value !== undefined && value !== base) this.add(name, value);
  }

  flag(value: boolean, base: boolean, on: string | undefined, off: string | undefined): void {
    const word = value ? on : off;
    if (value !== base && word !== undefined) this.add(word);
  }
}
