/** Fetches of the request and of the response (manual 7.3.6). */

import { hashFunction } from '../core/hash.ts';
import type { Head } from '../http/head.ts';
import { canonical } from './address.ts';
import { type ArgumentSpec, type Arguments, integer } from './arguments.ts';
import { cookieSource, countCookies } from './cookies.ts';
import { type FetchRow, OCCURRENCE, OPTIONAL_NAME } from './fetch.ts';
import { headerSource, type Pick, readFull, readSplit, requestHead, responseHead } from './header-values.ts';
import { mapped, type Sample, type Source, single } from './sample.ts';
import type { Needs, Scope } from './scope.ts';
import { nextParameter, originalMethod, originalTarget, parameterEnd, pathAndQueryOf, pathOf, queryOf, uriOf } from './target.ts';
import { leadingInteger32, lowerAscii } from './text.ts';

const CHAPTER = '7.3.6';

/** Of the form of HTTP/1.1 that rules see: HAProxy's captures tell this one of HTTP/2, too. */
function versionWithin(head: Head): string {
  return head.version === 10 ? '1.0' : '1.1';
}

function version(head: Head): string {
  return head.version === 20 ? '2.0' : versionWithin(head);
}

/** The Host field, or nothing: `base` without a host is the path alone. */
function hostOf(head: Head): string {
  return head.first('host') ?? '';
}

function pathIn(head: Head): string | undefined {
  const target = pathAndQueryOf(head);
  return target === undefined ? undefined : pathOf(target);
}

function row(names: string[], type: FetchRow['type'], help: string, get: (head: Head) => string | undefined): FetchRow {
  const compile = (): Sample => ({ type, source: single((context) => get(context.request)) }) as Sample;
  return { names, arguments: [], type, needs: 'request', chapter: CHAPTER, help, compile };
}

const sdbm = hashFunction('sdbm', true);

function hashRow(name: string, help: string, get: (head: Head) => string): FetchRow {
  const compile = (): Sample => ({ type: 'int', source: single((context) => sdbm(get(context.request))) });
  return { names: [name], arguments: [], type: 'int', needs: 'request', chapter: CHAPTER, help, compile };
}

const REQUEST_LINE: readonly FetchRow[] = [
  row(['path'], 'str', 'Path of the request, up to the question mark. `*` and `http://host` have none.', pathIn),
  row(['pathq'], 'str', 'Path and query.', pathAndQueryOf),
  row(['query'], 'str', 'What follows the first question mark; empty if nothing does, none without a question mark.', (head) =>
    queryOf(head.target),
  ),
  row(['url'], 'str', 'The request target: path and query or `*`, with scheme and authority where the client sent them.', uriOf),
  row(['base'], 'str', 'Host and path, one behind the other.', (head) => hostOf(head) + (pathIn(head) ?? '')),
  row(['baseq'], 'str', 'Host, path and query.', (head) => hostOf(head) + (pathAndQueryOf(head) ?? '')),
  hashRow('base32', 'The hash `sdbm(1)` of `base`.', (head) => hostOf(head) + (pathIn(head) ?? '')),
  hashRow('url32', 'The hash `sdbm(1)` of `baseq`.', (head) => hostOf(head) + (pathAndQueryOf(head) ?? '')),
  row(['req.ver', 'req_ver'], 'str', 'Version of the request: `1.0`, `1.1` or `2.0`.', version),
  { ...row(['method'], 'meth', 'Method of the request.', (head) => head.method), needs: 'nothing' },
  {
    ...row(['capture.req.method'], 'str', 'Method that the client sent, also while the response is handled.', originalMethod),
    needs: 'nothing',
  },
  {
    ...row(['capture.req.uri'], 'str', 'Path and query that the client sent, whatever rules made of them.', (head) => {
      const target = originalTarget(head);
      return target.startsWith('/') ? target : undefined;
    }),
    needs: 'nothing',
  },
  {
    ...row(
      ['capture.req.ver'],
      'str',
      'Version of the request as `HTTP/1.1`, also while the response is handled; of HTTP/2, too.',
      (head) => (head.method === '' ? undefined : `HTTP/${versionWithin(head)}`),
    ),
    needs: 'nothing',
  },
  {
    names: ['req.proto_http', 'req_proto_http'],
    arguments: [],
    type: 'bool',
    needs: 'nothing',
    chapter: '7.3.5',
    help: 'Whether the request is HTTP: always.',
    compile: () => ({ type: 'bool', source: single(() => true) }),
  },
];

const DELIMITER: ArgumentSpec = { name: 'delim', type: 'string', optional: true };

function parameterSource(args: Arguments): Source<string> {
  const name = args[0] ?? '';
  const delimiter = args[1]?.[0] ?? '?';
  return {
    get: (context) => {
      const target = context.request.target;
      const open = target.indexOf(delimiter);
      const from = open < 0 ? -1 : nextParameter(target, open + 1, name, delimiter);
      return from < 0 ? undefined : target.slice(from, parameterEnd(target, from, delimiter));
    },
    matching: (test) => (context) => {
      const target = context.request.target;
      const open = target.indexOf(delimiter);
      if (open < 0) return false;
      let from = nextParameter(target, open + 1, name, delimiter);
      while (from >= 0) {
        const end = parameterEnd(target, from, delimiter);
        if (test(target.slice(from, end))) return true;
        from = nextParameter(target, end + 1, name, delimiter);
      }
      return false;
    },
  };
}

const PARAMETERS: readonly FetchRow[] = [
  {
    names: ['urlp', 'url_param'],
    arguments: [OPTIONAL_NAME, DELIMITER],
    type: 'str',
    needs: 'request',
    chapter: CHAPTER,
    help: 'Value of a query parameter, not decoded: the first of that name, or of any name. `delim` opens the parameters instead of `?`.',
    compile: (args) => ({ type: 'str', source: parameterSource(args) }),
  },
  {
    names: ['urlp_val'],
    arguments: [OPTIONAL_NAME, DELIMITER],
    type: 'int',
    needs: 'request',
    chapter: CHAPTER,
    help: 'The same as an integer.',
    compile: (args) => ({ type: 'int', source: mapped(parameterSource(args), leadingInteger32) }),
  },
];

/** Which head a row's side is about; `hdr` is about the one that its rule is about. */
function pickFor(needs: Needs, scope: Scope): Pick {
  return needs === 'response' || (needs === 'message' && scope.phase === 'response') ? responseHead : requestHead;
}

/** As in HAProxy, `hdr()` reads all fields and `hdr` none. */
function fieldSource(pick: Pick, read: typeof readFull, args: Arguments): Source<string> {
  const [name] = args;
  return name === undefined ? single<string>(() => undefined) : headerSource(pick, read(lowerAscii(name)), integer(args, 1, 0));
}

/** An address, an IPv4 one perhaps with a port behind it (manual 7.3.6, `req.hdr_ip`). */
function addressOf(value: string): string | undefined {
  return canonical(value) ?? canonical(/^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(value)?.[1] ?? '');
}

/** The rows about fields of one head. `names` are prefixes: `req.`, and the older spelling without it. */
function fieldRows(needs: 'request' | 'response', prefix: string, old: string, of: string): readonly FetchRow[] {
  const base = { needs, chapter: CHAPTER } as const;
  const field = (read: typeof readFull, args: Arguments, scope: Scope): Source<string> => fieldSource(pickFor(needs, scope), read, args);
  const count = (read: typeof readFull, args: Arguments, scope: Scope): Sample => {
    const pick = pickFor(needs, scope);
    const values = read(lowerAscii(args[0] ?? ''));
    return {
      type: 'int',
      source: single((context) => {
        const head = pick(context);
        return head === undefined ? undefined : values(head).length;
      }),
    };
  };
  return [
    {
      ...base,
      names: [`${prefix}hdr`, ...(old === 's' ? ['shdr'] : [])],
      arguments: [OPTIONAL_NAME, OCCURRENCE],
      type: 'str',
      help: `Value of a header field of the ${of}, lines split at commas: the last one, or the \`occ\`-th (from 1, or from -1 backwards). ACLs look at all of them. \`${prefix}hdr()\` looks at all fields.`,
      compile: (args, scope) => ({ type: 'str', source: field(readSplit, args, scope) }),
    },
    {
      ...base,
      names: [`${prefix}fhdr`],
      arguments: [OPTIONAL_NAME, OCCURRENCE],
      type: 'str',
      help: 'The same for whole lines, commas and all.',
      compile: (args, scope) => ({ type: 'str', source: field(readFull, args, scope) }),
    },
    {
      ...base,
      names: [`${prefix}hdr_cnt`, `${old}hdr_cnt`],
      arguments: [OPTIONAL_NAME],
      type: 'int',
      help: 'How many values of that field there are, or of all fields.',
      compile: (args, scope) => count(readSplit, args, scope),
    },
    {
      ...base,
      names: [`${prefix}fhdr_cnt`],
      arguments: [OPTIONAL_NAME],
      type: 'int',
      help: 'How many lines of that field there are, or of all fields.',
      compile: (args, scope) => count(readFull, args, scope),
    },
    {
      ...base,
      names: [`${prefix}hdr_val`, `${old}hdr_val`],
      arguments: [OPTIONAL_NAME, OCCURRENCE],
      type: 'int',
      help: 'A value as an integer: the digits that it begins with, else 0.',
      compile: (args, scope) => ({ type: 'int', source: mapped(field(readSplit, args, scope), leadingInteger32) }),
    },
    {
      ...base,
      names: [`${prefix}hdr_ip`, `${old}hdr_ip`],
      arguments: [OPTIONAL_NAME, OCCURRENCE],
      type: 'ip',
      help: 'A value as an address. An IPv4 address may carry a port, which is dropped; anything else is no address.',
      compile: (args, scope) => ({ type: 'ip', source: mapped(field(readSplit, args, scope), addressOf) }),
    },
    {
      ...base,
      names: [`${prefix}hdr_names`],
      arguments: [{ name: 'delim', type: 'string', optional: true }],
      type: 'str',
      help: 'All field names in lower case, with a comma or `delim` between them.',
      compile: (args, scope) => {
        const pick = pickFor(needs, scope);
        const delimiter = args[0]?.[0] ?? ',';
        return { type: 'str', source: single((context) => fieldNames(pick(context), delimiter)) };
      },
    },
    ...cookieRows(needs, prefix, old),
  ];
}

function fieldNames(head: Head | undefined, delimiter: string): string | undefined {
  return head === undefined ? undefined : Array.from(head.entries(), ([name]) => lowerAscii(name)).join(delimiter);
}

function cookieRows(needs: 'request' | 'response', prefix: string, old: string): readonly FetchRow[] {
  const base = { needs, chapter: CHAPTER, arguments: [OPTIONAL_NAME] } as const;
  const source = (args: Arguments): Source<string> => cookieSource(needs === 'request' ? requestHead : responseHead, needs, args[0] ?? '');
  const line = needs === 'request' ? 'Cookie' : 'Set-Cookie';
  return [
    {
      ...base,
      names: [`${prefix}cook`, `${old}cook`],
      type: 'str',
      help: `Value of a cookie of the \`${line}\` lines: the last of that name, or the first of all.`,
      compile: (args) => ({ type: 'str', source: source(args) }),
    },
    {
      ...base,
      names: [`${prefix}cook_cnt`, `${old}cook_cnt`],
      type: 'int',
      help: 'How many cookies of that name there are, or at all.',
      compile: (args) => ({
        type: 'int',
        source: single((context) => {
          const head = needs === 'request' ? context.request : context.response;
          return head === undefined ? undefined : countCookies(head, needs, args[0] ?? '');
        }),
      }),
    },
    {
      ...base,
      names: [`${prefix}cook_val`, `${old}cook_val`],
      type: 'int',
      help: 'The same as an integer.',
      compile: (args) => ({ type: 'int', source: mapped(source(args), leadingInteger32) }),
    },
  ];
}

const EITHER: FetchRow = {
  names: ['hdr'],
  arguments: [OPTIONAL_NAME, OCCURRENCE],
  type: 'str',
  needs: 'message',
  chapter: CHAPTER,
  help: '`req.hdr` in rules about requests, `res.hdr` in rules about responses. In an ACL it is always `req.hdr`.',
  compile: (args, scope) => ({
    type: 'str',
    source: fieldSource(pickFor('message', scope), readSplit, args),
  }),
};

const STATUS: readonly FetchRow[] = [
  {
    names: ['status'],
    arguments: [],
    type: 'int',
    needs: 'answer',
    chapter: CHAPTER,
    help: 'Status of the response.',
    compile: () => ({ type: 'int', source: single((context) => context.response?.status) }),
  },
  {
    names: ['res.ver', 'resp_ver'],
    arguments: [],
    type: 'str',
    needs: 'response',
    chapter: CHAPTER,
    help: 'Version of the response: `1.0` or `1.1`.',
    compile: () => ({ type: 'str', source: single((context) => (context.response === undefined ? undefined : version(context.response))) }),
  },
];

/** All field lines and the empty line behind them, as they stand now. */
function headers(head: Head): string {
  return `${Array.from(head.entries(), ([name, value]) => `${name.toLowerCase()}: ${value}\r\n`).join('')}\r\n`;
}

const WHOLE: readonly FetchRow[] = (['request', 'response'] as const).map((needs) => ({
  names: [needs === 'request' ? 'req.hdrs' : 'res.hdrs'],
  arguments: [],
  type: 'str',
  needs,
  chapter: CHAPTER,
  help: `All header fields of the ${needs}, a line each, and an empty line.`,
  compile: (_, scope) => {
    const pick = pickFor(needs, scope);
    return {
      type: 'str',
      source: single((context) => {
        const head = pick(context);
        return head === undefined ? undefined : headers(head);
      }),
    };
  },
}));

export const HTTP_FETCHES: readonly FetchRow[] = [
  ...REQUEST_LINE,
  ...PARAMETERS,
  ...WHOLE,
  EITHER,
  ...fieldRows('request', 'req.', '', 'request'),
  ...STATUS,
  ...fieldRows('response', 'res.', 's', 'response'),
];
