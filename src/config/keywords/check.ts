/** How servers are asked and what an answer must have: `option httpchk`, `http-check`, `option tcp-check`, `tcp-check` (manual 4.2). */

import type { ProxyDraft } from '../draft.ts';
import { BACK, type Row, type Statement } from '../row.ts';
import { parseConnect } from './check-connect.ts';
import { parseExpect } from './check-expect.ts';
import { parseHttpchk, parseRequest, parseSend } from './check-send.ts';
import { serviceRows } from './check-services.ts';
import { addStep, ownRules, type Protocol } from './check-steps.ts';

function parseComment(protocol: Protocol): (proxy: ProxyDraft, line: Statement) => void {
  return (proxy, line) => {
    addStep(proxy, line, protocol, { kind: 'comment', comment: line.first });
  };
}

const CONNECT = '[default] [port <port>] [addr <ip>] [ssl] [sni <name>] [alpn <protocols>] [linger] [comment <text>]';
const CONNECT_DOC =
  'Opens a connection, to another port or address if one is given; a check may have several. With `linger` it is closed, not reset. It speaks TLS where `ssl` stands, or where `default` stands and the server or its checks do: with the words of the server, and the name and protocols that are given here.';
const EXPECT =
  '[comment <text>] [min-recv <bytes>] [ok-status <code>] [error-status <code>] [tout-status <code>] [on-success <text>] [on-error <text>] [status-code int(<n>)]';
const EXPECT_DOC =
  '`min-recv` bytes are waited for; `ok-status`, `error-status` and `tout-status` change what is reported. A regular expression meets up to `tune.bufsize` bytes that the server chooses: one with several `.*` can take more than the square of their number in steps, while nothing else is done.';
const COMMENT_DOC = 'Said with the next step if that fails.';

export const checkRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'http-check comment',
    sections: BACK,
    syntax: '<text>',
    chapter: '4.2',
    doc: COMMENT_DOC,
    min: 1,
    missing: "'http-check comment' : expects a string as argument.",
    parse: parseComment('http'),
  },
  {
    name: 'http-check connect',
    sections: BACK,
    syntax: CONNECT,
    chapter: '4.2',
    doc: CONNECT_DOC,
    parse: parseConnect('http'),
  },
  {
    name: 'http-check disable-on-404',
    sections: BACK,
    syntax: '',
    chapter: '4.2',
    default: 'off',
    doc: 'A server in service that answers a check with 404 gets no new clients and finishes with those it has.',
    max: 0,
    parse: (proxy) => {
      proxy.check.disableOn404 = true;
    },
  },
  {
    name: 'http-check expect',
    bytes: true,
    sections: BACK,
    syntax: `${EXPECT} [!] {status <codes>|rstatus <regex>|string <text>|rstring <regex>|{hdr|fhdr} name [-m <how>] <name> [value [-m <how>] <value>]}`,
    default: 'status 200-399',
    chapter: '4.2',
    doc: `What a response must (with \`!\`, must not) have for the check to pass: a status of a list like \`200,301-303\`, a text in the body, a header (\`hdr\` takes its values one by one, \`fhdr\` whole). ${EXPECT_DOC}`,
    min: 1,
    missing: "'http-check expect' : expects at least a matching pattern as arguments.",
    parse: parseExpect('http'),
  },
  {
    name: 'http-check send',
    bytes: true,
    sections: BACK,
    syntax: '[meth <method>] [uri <uri>] [ver <version>] [hdr <name> <value>]... [body <text>] [comment <text>]',
    chapter: '4.2',
    doc: 'The request of the check, over what `option httpchk` says. HTTP/1.1 needs `hdr Host <name>`. One for each `http-check connect`.',
    parse: parseRequest,
  },
  {
    name: 'http-check send-state',
    sections: BACK,
    syntax: '',
    chapter: '4.2',
    default: 'off',
    doc: 'Requests of checks tell the server in `X-Haproxy-Server-State` how it is seen.',
    max: 0,
    parse: (proxy) => {
      proxy.check.sendState = true;
    },
  },
  {
    name: 'option httpchk',
    bytes: true,
    sections: BACK,
    syntax: '[<uri>] | <method> <uri> [<version>]',
    default: 'off; `OPTIONS / HTTP/1.0` without arguments',
    chapter: '4.2',
    doc: 'Health checks are HTTP requests; without it, or with `option tcp-check`, a TCP connect is the check.',
    parse: parseHttpchk,
  },
  {
    name: 'option tcp-check',
    sections: BACK,
    syntax: '',
    chapter: '4.2',
    doc: 'Health checks are what the `tcp-check` lines say, a TCP connect without any; takes back an `option httpchk` of the defaults.',
    max: 0,
    parse: (proxy) => {
      proxy.check.protocol = 'tcp';
      ownRules(proxy, 'tcp');
    },
  },
  {
    name: 'tcp-check comment',
    sections: BACK,
    syntax: '<text>',
    chapter: '4.2',
    doc: COMMENT_DOC,
    min: 1,
    missing: "'tcp-check comment' : expects a string as argument.",
    parse: parseComment('tcp'),
  },
  {
    name: 'tcp-check connect',
    sections: BACK,
    syntax: CONNECT,
    chapter: '4.2',
    doc: CONNECT_DOC,
    parse: parseConnect('tcp'),
  },
  {
    name: 'tcp-check expect',
    bytes: true,
    sections: BACK,
    syntax: `${EXPECT} [!] {string <text>|rstring <regex>|binary <hex>|rbinary <regex>}`,
    chapter: '4.2',
    doc: `What must (with \`!\`, must not) come. A regular expression of \`rbinary\` meets the bytes as upper-case hexadecimal digits. ${EXPECT_DOC}`,
    min: 1,
    missing: "'tcp-check expect' : expects at least a matching pattern as arguments.",
    parse: parseExpect('tcp'),
  },
  ...['send', 'send-lf', 'send-binary', 'send-binary-lf'].map((name) => ({
    name: `tcp-check ${name}`,
    bytes: true,
    sections: BACK,
    syntax: `<${name.startsWith('send-binary') ? 'hex' : 'text'}> [comment <text>]`,
    chapter: '4.2',
    doc: `Sends ${name.startsWith('send-binary') ? 'bytes, as pairs of hexadecimal digits' : 'a text'}${name.endsWith('-lf') ? '; of the log-format, `%%` alone is done' : ''}.`,
    min: 1,
    missing: `'tcp-check ${name}' : expects a string as argument.`,
    parse: parseSend,
  })),
  ...serviceRows,
];
