/** Parameters of a server that are about how it is asked for its health, itself or an agent (manual 5.2). */

import { bytesOf } from '../../core/bytes.ts';
import { readAgentAddress, readCheckAddress } from '../address.ts';
import { type Read, readInteger, readTime } from '../values.ts';
import type { ServerParameter } from './server.ts';

/** Stores what was read, or answers its error. */
function store<T>(read: Read<T>, set: (value: T) => void): string | undefined {
  if ('error' in read) return read.error;
  set(read.value);
  return undefined;
}

/** HAProxy: an interval of 0 would never end a check. */
function readInterval(value: string, what: string): Read<number> {
  const read = readTime(value, what);
  return 'value' in read && read.value === 0 ? { error: `invalid value 0 for argument '${what}'.` } : read;
}

export const checkParameters: readonly ServerParameter[] = [
  {
    name: 'addr',
    args: 1,
    syntax: '<address>[:<port>]',
    chapter: '5.2',
    default: "the server's address",
    doc: 'Sends the health checks, and the questions to an agent without `agent-addr`, to this address instead of the one that gets the traffic. Its port is that of the health checks where `port` does not say another one.',
    apply: (server, value) => {
      const read = readCheckAddress(value, '');
      if ('error' in read) return `'addr' : ${read.error}.`;
      server.checkWords.address = read.value.address;
      server.checkWords.addressPort = read.value.port;
      return undefined;
    },
  },
  {
    name: 'agent-addr',
    args: 1,
    syntax: '<ip>',
    chapter: '5.2',
    default: "`addr`, else the server's address",
    doc: 'Where the agent is asked.',
    apply: (server, value) => {
      const address = readAgentAddress(value);
      if (address === undefined) return `parsing agent-addr failed. Check if '${value}' is correct address.`;
      server.agentWords.address = address;
      return undefined;
    },
  },
  {
    name: 'agent-check',
    args: 0,
    syntax: '',
    chapter: '5.2',
    doc: 'An agent tells weight, maxconn and state of the server, in a line of words like `up 75%`. Needs `agent-port`.',
    apply: (server) => {
      server.agentChecked = true;
      return undefined;
    },
  },
  {
    name: 'agent-inter',
    args: 1,
    syntax: '<time>',
    chapter: '5.2',
    default: '2s',
    doc: 'Time between two questions to the agent.',
    apply: (server, value) =>
      store(readInterval(value, 'agent-inter'), (time) => {
        server.agentWords.inter = time;
      }),
  },
  {
    name: 'agent-port',
    args: 1,
    syntax: '<port>',
    chapter: '5.2',
    doc: 'The TCP port of the agent.',
    apply: (server, value) =>
      store(readInteger(value, 'agent-port', 0, 65535), (port) => {
        server.agentWords.port = port === 0 ? undefined : port;
      }),
  },
  {
    name: 'agent-send',
    args: 1,
    syntax: '<text>',
    chapter: '5.2',
    doc: 'What the agent is sent first; `\\n` ends a line.',
    apply: (server, value) => {
      server.agentWords.send = bytesOf(value);
      return undefined;
    },
  },
  {
    name: 'check',
    args: 0,
    syntax: '',
    chapter: '5.2',
    doc: 'Turns health checks on: a TCP connect, or an HTTP request where `option httpchk` stands.',
    apply: (server) => {
      server.checked = true;
      return undefined;
    },
  },
  {
    name: 'downinter',
    args: 1,
    syntax: '<time>',
    chapter: '5.2',
    default: '`inter`',
    doc: 'Time between two checks while the server is down.',
    apply: (server, value) =>
      store(readInterval(value, 'downinter'), (time) => {
        server.checkWords.downinter = time;
      }),
  },
  {
    name: 'fall',
    args: 1,
    syntax: '<count>',
    chapter: '5.2',
    default: '3',
    doc: 'Failed checks in a row that take the server down.',
    apply: (server, value) =>
      store(readInteger(value, 'fall', 1), (count) => {
        server.checkWords.fall = count;
      }),
  },
  {
    name: 'fastinter',
    args: 1,
    syntax: '<time>',
    chapter: '5.2',
    default: '`inter`',
    doc: 'Time between two checks while the server is on its way up or down.',
    apply: (server, value) =>
      store(readInterval(value, 'fastinter'), (time) => {
        server.checkWords.fastinter = time;
      }),
  },
  {
    name: 'inter',
    args: 1,
    syntax: '<time>',
    chapter: '5.2',
    default: '2s',
    doc: 'Time between two checks.',
    apply: (server, value) =>
      store(readInterval(value, 'inter'), (time) => {
        server.checkWords.inter = time;
      }),
  },
  {
    name: 'no-agent-check',
    args: 0,
    syntax: '',
    chapter: '5.2',
    doc: 'Takes back an `agent-check` of `default-server`.',
    apply: (server) => {
      server.agentChecked = false;
      return undefined;
    },
  },
  {
    name: 'no-check',
    args: 0,
    syntax: '',
    chapter: '5.2',
    doc: 'Takes back a `check` of `default-server`.',
    apply: (server) => {
      server.checked = false;
      return undefined;
    },
  },
  {
    name: 'no-check-send-proxy',
    args: 0,
    syntax: '',
    chapter: '5.2',
    doc: 'Health checks without a header of the PROXY protocol, as all of them are.',
    apply: () => undefined,
  },
  {
    name: 'port',
    args: 1,
    syntax: '<port>',
    chapter: '5.2',
    default: "the server's port",
    doc: 'Sends the health checks to this port instead of the one that gets the traffic.',
    apply: (server, value) =>
      store(readInteger(value, 'port', 0, 65535), (port) => {
        server.checkWords.port = port === 0 ? undefined : port;
      }),
  },
  {
    name: 'rise',
    args: 1,
    syntax: '<count>',
    chapter: '5.2',
    default: '2',
    doc: 'Successful checks in a row that bring the server back.',
    apply: (server, value) =>
      store(readInteger(value, 'rise', 1), (count) => {
        server.checkWords.rise = count;
      }),
  },
];
