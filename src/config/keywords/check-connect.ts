/** `http-check connect`, `tcp-check connect` (manual 4.2). */

import { isIP } from 'node:net';
import type { ProxyDraft } from '../draft.ts';
import type { Statement } from '../row.ts';
import { addStep, type Protocol, Words } from './check-steps.ts';
import { refusal } from './refused.ts';

/** Words of HAProxy's with their number of arguments. */
const REFUSED: Readonly<Record<string, number>> = { 'send-proxy': 0, 'via-socks4': 0, ssl: 0, sni: 1, alpn: 1, proto: 1 };

export function parseConnect(protocol: Protocol): (proxy: ProxyDraft, line: Statement) => void {
  return (proxy, line) => {
    const words = new Words(line);
    const connect = { kind: 'connect' as const, comment: '', port: undefined, address: undefined, linger: false };
    const read: { comment: string; port: number | undefined; address: string | undefined; linger: boolean } = connect;
    while (!words.done) if (!readWord(read, words, line)) return;
    addStep(proxy, line, protocol, { ...connect, ...read });
  };
}

function readWord(
  connect: { comment: string; port: number | undefined; address: string | undefined; linger: boolean },
  words: Words,
  line: Statement,
): boolean {
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
    case 'addr': {
      const address = words.argument(word, '<ipv4|ipv6>');
      if (address !== undefined && isIP(address) === 0) line.fail(`'${line.keyword}' : 'addr' : invalid address: '${address}'.`);
      connect.address = address;
      return address !== undefined && isIP(address) !== 0;
    }
    default:
      if (word in REFUSED) {
        const tls = ['ssl', 'sni', 'alpn'].includes(word) ? 'Fairlead does not do TLS yet' : undefined;
        line.fail(refusal(`'${line.keyword}' : '${word}'`, tls));
      } else line.fail(`'${line.keyword}' : expects 'comment', 'port', 'addr', 'linger' or 'default' but got '${word}' as argument.`);
      return false;
  }
}

function readPort(connect: { port: number | undefined }, words: Words, line: Statement): boolean {
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
