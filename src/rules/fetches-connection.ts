/** Fetches of constants and of what the connection and the proxies are called (manual 7.3.2, 7.3.3). */

import { hostname } from 'node:os';
import { canonical, isAddress, readIpv4 } from './address.ts';
import type { Arguments } from './arguments.ts';
import { RuleError } from './error.ts';
import { type FetchRow, NAME } from './fetch.ts';
import { constant, type Sample, single } from './sample.ts';

const VALUE = { name: 'value', type: 'string' } as const;

function readBoolean(args: Arguments): Sample {
  const text = args[0] as string;
  if (!/^(true|false|0|1)$/i.test(text)) throw new RuleError("Expects 'true', 'false', '0' or '1'");
  return { type: 'bool', source: constant(text === '1' || text.toLowerCase() === 'true') };
}

function readAddress(family: 4 | 6): FetchRow['compile'] {
  return (args) => {
    const address = canonical(args[0] as string);
    if (address === undefined || readIpv4(address) >= 0 !== (family === 4)) {
      throw new RuleError(`failed to parse '${args[0]}' as type 'IPv${family} address' at position 1`);
    }
    return { type: 'ip', source: constant(address) };
  };
}

const CONSTANTS: readonly FetchRow[] = [
  {
    names: ['always_true'],
    arguments: [],
    type: 'bool',
    needs: 'nothing',
    chapter: '7.3.2',
    help: 'True.',
    compile: () => ({ type: 'bool', source: constant(true) }),
  },
  {
    names: ['always_false'],
    arguments: [],
    type: 'bool',
    needs: 'nothing',
    chapter: '7.3.2',
    help: 'False.',
    compile: () => ({ type: 'bool', source: constant(false) }),
  },
  {
    names: ['bool'],
    arguments: [VALUE],
    type: 'bool',
    needs: 'nothing',
    chapter: '7.3.2',
    help: 'The given boolean: `true`, `false`, `1` or `0`.',
    compile: readBoolean,
  },
  {
    names: ['int'],
    arguments: [{ name: 'value', type: 'integer' }],
    type: 'int',
    needs: 'nothing',
    chapter: '7.3.2',
    help: 'The given integer.',
    compile: (args) => ({ type: 'int', source: constant(Number(args[0])) }),
  },
  {
    names: ['str'],
    arguments: [{ ...VALUE, optional: true }],
    type: 'str',
    needs: 'nothing',
    chapter: '7.3.2',
    help: 'The given string.',
    compile: (args) => ({ type: 'str', source: constant(args[0] ?? '') }),
  },
  {
    names: ['ipv4'],
    arguments: [{ name: 'address', type: 'string' }],
    type: 'ip',
    needs: 'nothing',
    chapter: '7.3.2',
    help: 'The given IPv4 address.',
    compile: readAddress(4),
  },
  {
    names: ['ipv6'],
    arguments: [{ name: 'address', type: 'string' }],
    type: 'ip',
    needs: 'nothing',
    chapter: '7.3.2',
    help: 'The given IPv6 address.',
    compile: readAddress(6),
  },
  {
    names: ['meth'],
    arguments: [NAME],
    type: 'meth',
    needs: 'nothing',
    chapter: '7.3.2',
    help: 'The given method.',
    compile: (args) => ({ type: 'meth', source: constant(args[0] as string) }),
  },
];

/** A unix socket has no ports. */
function portOf(port: number): number | undefined {
  return port === 0 ? undefined : port;
}

/** Nor has it addresses. */
function addressOf(address: string): string | undefined {
  return isAddress(address) ? address : undefined;
}

const CONNECTION: readonly FetchRow[] = [
  {
    names: ['src'],
    arguments: [],
    type: 'ip',
    needs: 'nothing',
    chapter: '7.3.3',
    help: "The client's address; an IPv4 client of a dual-stack socket has an IPv4 address.",
    compile: () => ({ type: 'ip', source: single((context) => addressOf(context.clientAddress)) }),
  },
  {
    names: ['src_port'],
    arguments: [],
    type: 'int',
    needs: 'nothing',
    chapter: '7.3.3',
    help: "The client's port.",
    compile: () => ({ type: 'int', source: single((context) => portOf(context.clientPort)) }),
  },
  {
    names: ['dst'],
    arguments: [],
    type: 'ip',
    needs: 'nothing',
    chapter: '7.3.3',
    help: 'The address that the client connected to.',
    compile: () => ({ type: 'ip', source: single((context) => addressOf(context.localAddress)) }),
  },
  {
    names: ['dst_port'],
    arguments: [],
    type: 'int',
    needs: 'nothing',
    chapter: '7.3.3',
    help: 'The port that the client connected to.',
    compile: () => ({ type: 'int', source: single((context) => portOf(context.localPort)) }),
  },
  {
    names: ['fe_name'],
    arguments: [],
    type: 'str',
    needs: 'nothing',
    chapter: '7.3.3',
    help: 'Name of the frontend.',
    compile: () => ({ type: 'str', source: single((context) => context.frontend) }),
  },
  {
    names: ['be_name'],
    arguments: [],
    type: 'str',
    needs: 'backend',
    chapter: '7.3.3',
    help: 'Name of the backend.',
    // In a log without one it is the frontend's, as `%b` is.
    compile: () => ({
      type: 'str',
      source: single(({ backend, frontend, request }) => backend ?? (request.method === '' ? undefined : frontend)),
    }),
  },
  {
    names: ['srv_name'],
    arguments: [],
    type: 'str',
    needs: 'server',
    chapter: '7.3.3',
    help: 'Name of the server that answered.',
    compile: () => ({ type: 'str', source: single((context) => context.server) }),
  },
  {
    names: ['hostname'],
    arguments: [],
    type: 'str',
    needs: 'nothing',
    chapter: '7.3.2',
    help: "This machine's host name.",
    compile: () => ({ type: 'str', source: constant(hostname()) }),
  },
];

export const CONNECTION_FETCHES: readonly FetchRow[] = [...CONSTANTS, ...CONNECTION];
