/** `http-check connect`, `tcp-check connect` (manual 4.2). */

import { readCheckAddress } from '../address.ts';
import type { ProxyDraft } from '../draft.ts';
import type { Statement } from '../row.ts';
import { addStep, type Protocol, Words } from './check-steps.ts';
import { refusal } from './refused.ts';

/** Words of HAProxy's. */
const REFUSED: ReadonlySet<string> = new Set(['send-proxy', 'via-socks4', 'ssl', 'sni', 'alpn', 'proto']);

interface Connect {
  comment: string;
  port: number | undefined;
  address: string | undefined;
  addressPort: number | undefined;
  linger: boolean;
}

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
      return true;
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
      if (REFUSED.has(word)) {
        const tls = ['ssl', 'sni', 'alpn'].includes(word) ? 'Fairlead does not do TLS yet' : undefined;
        line.fail(refusal(`'${line.keyword}' : '${word}'`, tls));
      } else line.fail(`'${line.keyword}' : expects 'comment', 'port', 'addr', 'linger' or 'default' but got '${word}' as argument.`);
      return false;
  }
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
