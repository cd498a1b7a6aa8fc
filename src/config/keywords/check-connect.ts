/** `http-check connect`, `tcp-check connect` (manual 4.2). */

import { readCheckAddress } from '../address.ts';
import type { Mutable, ProxyDraft } from '../draft.ts';
import type { CheckConnect } from '../model.ts';
import type { Statement } from '../row.ts';
import { readAlpn } from '../tls-words.ts';
import { addStep, type Protocol, Words } from './check-steps.ts';
import { refusal } from './refused.ts';
import { serverProtocolError } from './server-ssl.ts';

const EXPECTED = "'comment', 'port', 'addr', 'send-proxy', 'ssl', 'sni', 'alpn' or 'via-socks4', 'linger', 'default'";

const REFUSED: ReadonlySet<string> = new Set(['send-proxy', 'via-socks4']);

type Connect = Mutable<Omit<CheckConnect, 'kind' | 'number'>>;

export function parseConnect(protocol: Protocol): (proxy: ProxyDraft, line: Statement) => void {
  return (proxy, line) => {
    const words = new Words(line);
    const connect: Connect = { comment: '', port: undefined, address: undefined, addressPort: undefined, linger: false };
    while (!words.done) if (!readWord(connect, words, line)) return;
    addStep(proxy, line, protocol, { kind: 'connect', ...connect });
  };
}

function readWord(connect: Connect, words: Words, line: Statement): boolean {
  const word = words.next();
  switch (word) {
    case 'default':
      if (connect.ssl !== true) connect.ssl = 'default';
      return true;
    case 'ssl':
      connect.ssl = true;
      return true;
    case 'sni': {
      const sni = words.argument(word, 'a string');
      connect.sni = sni;
      return sni !== undefined;
    }
    case 'alpn':
      return readProtocols(connect, words, line);
    case 'proto':
      return readProto(words, line);
    case 'linger':
      connect.linger = true;
      return true;
    case 'comment': {
      const comment = words.argument(word, 'a string');
      connect.comment = comment ?? '';
      return comment !== undefined;
    }
    case 'port':
      return readPort(connect, words, line);
    case 'addr':
      return readAddress(connect, words, line);
    default:
      if (REFUSED.has(word)) line.fail(refusal(`'${line.keyword}' : '${word}'`, undefined));
      else line.fail(`'${line.keyword}' : expects ${EXPECTED} but got '${word}' as argument.`);
      return false;
  }
}

function readProtocols(connect: Connect, words: Words, line: Statement): boolean {
  const text = words.next();
  const alpn = text === '' ? { error: "'alpn' : missing the comma-delimited ALPN protocol suite" } : readAlpn(text);
  if ('error' in alpn) {
    line.fail(`'${line.keyword}' : ${alpn.error}.`);
    return false;
  }
  connect.alpn = alpn.value;
  return true;
}

function readProto(words: Words, line: Statement): boolean {
  const name = words.argument('proto', 'a MUX protocol');
  if (name === undefined) return false;
  const error = line.keyword.startsWith('tcp-') ? `'proto' : invalid MUX protocol '${name}' for tcp-check` : serverProtocolError(name);
  if (error !== undefined) line.fail(`'${line.keyword}' : ${error.replace(/\.?$/, '.')}`);
  return error === undefined;
}

function readAddress(connect: Connect, words: Words, line: Statement): boolean {
  const text = words.argument('addr', '<ipv4|ipv6>');
  if (text === undefined) return false;
  const read = readCheckAddress(text, line.cwd);
  if ('error' in read) {
    line.fail(`'${line.keyword}' : 'addr' : ${read.error}.`);
    return false;
  }
  connect.address = read.value.address;
  connect.addressPort = read.value.port;
  return true;
}

function readPort(connect: Connect, words: Words, line: Statement): boolean {
  const text = words.argument('port', 'a port number');
  if (text === undefined) return false;
  if (!/^\d+$/.test(text)) {
    line.fail(refusal(`'${line.keyword}' : an expression (${text}) as 'port'`, undefined));
    return false;
  }
  connect.port = Number(text);
  if (connect.port >= 1 && connect.port <= 65535) return true;
  line.fail(`'${line.keyword}' : expects a valid TCP port (from range 1 to 65535), got ${text}.`);
  return false;
}
