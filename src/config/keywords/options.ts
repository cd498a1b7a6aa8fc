/** `option ...` (manual 4.2). Where HAProxy allows `no option ...`, the row has a `negate`. */

import { isNetwork } from '../address.ts';
import type { ProxyDraft } from '../draft.ts';
import type { HttpConnectionMode } from '../model.ts';
import { ANY_PROXY, BACK, FRONT, ignored, type Row, type Section, type Statement } from '../row.ts';
import { readInteger } from '../values.ts';

type Flag =
  | 'abortonclose'
  | 'acceptInvalidRequest'
  | 'acceptInvalidResponse'
  | 'allbackups'
  | 'disableH2Upgrade'
  | 'dontlognull'
  | 'ignoreProbes'
  | 'socketStats'
  | 'clitcpka'
  | 'srvtcpka';

function flag(name: string, key: Flag, sections: readonly Section[], doc: string): Row<ProxyDraft> {
  return {
    name: `option ${name}`,
    sections,
    syntax: '',
    chapter: '4.2',
    doc,
    max: 0,
    parse: (proxy) => {
      proxy[key] = true;
    },
    negate: (proxy) => {
      proxy[key] = false;
    },
  };
}

/** The three modes exclude each other: the last one stands, and negating another changes nothing. */
function connectionMode(name: string, mode: HttpConnectionMode, doc: string): Row<ProxyDraft> {
  return {
    name: `option ${name}`,
    sections: ANY_PROXY,
    syntax: '',
    chapter: '4.2',
    doc,
    max: 0,
    parse: (proxy) => {
      proxy.connectionMode = mode;
    },
    negate: (proxy) => {
      if (proxy.connectionMode === mode) proxy.connectionMode = 'keep-alive';
    },
  };
}

function parseForwardFor(proxy: ProxyDraft, line: Statement): void {
  const except: string[] = [];
  let header = 'X-Forwarded-For';
  let ifNone = false;
  for (let i = 0; i < line.words.length; i++) {
    const word = line.words[i];
    if (word === 'if-none') {
      ifNone = true;
    } else if (word === 'except') {
      const network = line.words[++i] ?? '';
      if (!isNetwork(network)) {
        line.fail("'option forwardfor except' expects <address>[/mask] as argument.");
        return;
      }
      except.push(network);
    } else if (word === 'header') {
      header = line.words[++i] ?? '';
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(header)) {
        line.fail("'option forwardfor header' expects <header_name> as argument.");
        return;
      }
    } else {
      line.fail("'option forwardfor' only supports optional values: 'except', 'header' and 'if-none'.");
      return;
    }
  }
  proxy.forwardfor = { header, except, ifNone };
}

function tuning(name: string, sections: readonly Section[], why: string): Row<ProxyDraft> {
  return ignored({ name: `option ${name}`, sections, syntax: '', chapter: '4.2', why, max: 0 });
}

const NO_SPLICE = 'Node does not splice, bytes are relayed without copies of our own';

export const optionRows: readonly Row<ProxyDraft>[] = [
  flag('abortonclose', 'abortonclose', BACK, 'A request whose client has gone is dropped from the queue, or aborted at its server.'),
  flag(
    'accept-invalid-http-request',
    'acceptInvalidRequest',
    FRONT,
    'Lets requests pass that are refused otherwise for characters in field names or in the target, for a fragment in the target or for their version, as far as HAProxy lets them. What could end a message in two ways is refused all the same.',
  ),
  flag('accept-invalid-http-response', 'acceptInvalidResponse', BACK, 'The same for responses: characters in field names, and versions.'),
  flag('allbackups', 'allbackups', BACK, 'All backup servers share the load once no other is usable, not only the first.'),
  flag('clitcpka', 'clitcpka', FRONT, "TCP keep-alive probes to clients, at the system's intervals."),
  tuning('contstats', FRONT, 'statistics always go on while a transfer runs'),
  flag(
    'disable-h2-upgrade',
    'disableH2Upgrade',
    FRONT,
    "A clear-text connection that begins with HTTP/2's preface does not become HTTP/2. `proto h2` of a `bind` line makes it so all the same.",
  ),
  flag('dontlognull', 'dontlognull', FRONT, 'No log line for connections on which nothing was sent.'),
  {
    name: 'option explain-errors',
    sections: ANY_PROXY,
    syntax: '',
    chapter: '',
    doc: 'The 404 and 503 replies of Fairlead itself say why: no such route, all servers down and the first reason, no free slot. Who asks from this machine is told so anyway where servers or routes are discovered. Not HAProxy.',
    max: 0,
    parse: (proxy) => {
      proxy.explainErrors = true;
    },
    negate: (proxy) => {
      proxy.explainErrors = false;
    },
  },
  flag(
    'http-ignore-probes',
    'ignoreProbes',
    FRONT,
    'A connection that closes, or is silent for too long, before its first byte is not answered, logged or counted as an error.',
  ),
  {
    name: 'option forwardfor',
    sections: ANY_PROXY,
    syntax: '[except <network>] [header <name>] [if-none]',
    chapter: '4.2',
    doc: "Adds the client's address to each request, as `X-Forwarded-For` or the given header; `except` leaves out clients of a network, `if-none` requests that have the header.",
    parse: parseForwardFor,
  },
  connectionMode('http-keep-alive', 'keep-alive', 'Connections stay open between requests on both sides. This is the default.'),
  tuning('http-no-delay', ANY_PROXY, 'data is always sent without delay'),
  connectionMode('http-server-close', 'server-close', "The server's connection is closed after each response, the client's stays open."),
  connectionMode('httpclose', 'close', 'Both connections are closed after each response.'),
  tuning('independent-streams', ANY_PROXY, 'each direction has a time-out of its own anyway'),
  tuning('nolinger', ANY_PROXY, 'the system closes connections in its usual way'),
  {
    name: 'option redispatch',
    sections: BACK,
    syntax: '[<interval>]',
    default: 'off; -1 without an interval',
    chapter: '4.2',
    doc: 'A retry goes to another server, if there is one: at once where the algorithm is free to choose; where a key binds the client (`balance source`) at the last retry (-1), at one before it (-2), or at each n-th. 0 is off.',
    max: 1,
    parse: (proxy, line) => {
      proxy.redispatch = line.words.length === 0 ? -1 : line.value(readInteger(line.first, 'option redispatch', -1000, 1000));
    },
    negate: (proxy) => {
      proxy.redispatch = undefined;
    },
  },
  flag('socket-stats', 'socketStats', FRONT, 'A row in the statistics for each socket of the section.'),
  tuning('splice-auto', ANY_PROXY, NO_SPLICE),
  tuning('splice-request', ANY_PROXY, NO_SPLICE),
  tuning('splice-response', ANY_PROXY, NO_SPLICE),
  flag('srvtcpka', 'srvtcpka', BACK, "TCP keep-alive probes to servers, at the system's intervals."),
  {
    name: 'option tcpka',
    sections: ANY_PROXY,
    syntax: '',
    chapter: '4.2',
    doc: 'Both `option clitcpka` and `option srvtcpka`.',
    max: 0,
    parse: (proxy) => {
      if (proxy.kind !== 'backend') proxy.clitcpka = true;
      if (proxy.kind !== 'frontend') proxy.srvtcpka = true;
    },
  },
  tuning('tcp-smart-accept', FRONT, 'the system acknowledges in its usual way'),
  tuning('tcp-smart-connect', BACK, 'the system acknowledges in its usual way'),
];
