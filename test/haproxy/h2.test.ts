/** HTTP/2 beside HAProxy: what a server gets of the same streams, what their clients get, what is logged and counted, and which errors end what. */

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { H2Client, type StreamAnswer } from '../support/h2.ts';
import { block, Flag, FrameClient, frame, GET, headers, number32, Type } from '../support/h2-frames.ts';
import { type LogReceiver, receiveUdp } from '../support/syslog.ts';
import { startRawUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { both, DEFAULTS, type Side, type Sides, skip, startSides, stopSides } from './side-by-side.ts';

type Fields = readonly (readonly [string, string])[];

interface Ask {
  readonly what: string;
  readonly fields: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
  readonly trailers?: Readonly<Record<string, string>>;
  /** HAProxy counts what it drops. */
  readonly counted?: false;
}

const ASKS: readonly Ask[] = [
  { what: 'GET', fields: { ':path': '/a?b=c' } },
  { what: 'HEAD', fields: { ':path': '/', ':method': 'HEAD' } },
  { what: 'a default port', fields: { ':path': '/', ':authority': 'A.test:80' } },
  { what: 'https', fields: { ':path': '/', ':authority': 'a.test:443', ':scheme': 'https' } },
  { what: 'fields and cookies', fields: { ':path': '/', cookie: ['a=1', 'b=2'], 'x-a': ['1', '2'], te: 'trailers', accept: '*/*' } },
  { what: 'bytes above 7F', fields: { ':path': '/', 'x-a': '\xe9\xff' } },
  { what: 'a tab', fields: { ':path': '/', 'x-a': 'a\tb' } },
  { what: 'no authority', fields: { ':path': '/', host: 'b.test' } },
  { what: 'a body with a length', fields: { ':path': '/', 'content-length': '5' }, body: 'hello' },
  { what: 'a body without', fields: { ':path': '/' }, body: 'hello' },
  { what: 'trailers', fields: { ':path': '/' }, body: 'hello', trailers: { 'x-t': '1' } },
  {
    what: 'trailers behind a length',
    fields: { ':path': '/', 'content-length': '5' },
    body: 'hello',
    trailers: { 'x-t': '1' },
    counted: false,
  },
  { what: 'expect', fields: { ':path': '/', expect: '100-continue', 'content-length': '5' }, body: 'hello' },
  { what: 'chunks', fields: { ':path': '/chunks' } },
  { what: 'chunks with trailers', fields: { ':path': '/trailers' } },
  { what: 'until the end', fields: { ':path': '/end' } },
  { what: 'interim', fields: { ':path': '/hint' } },
  { what: '204', fields: { ':path': '/204' } },
  { what: '304', fields: { ':path': '/304' } },
  { what: 'hop by hop', fields: { ':path': '/hop' } },
  { what: 'deny', fields: { ':path': '/deny' } },
  { what: 'redirect', fields: { ':path': '/away' } },
  { what: 'return', fields: { ':path': '/said' } },
  { what: 'facts', fields: { ':path': '/facts?x=y', ':authority': 'a.test:81' } },
  { what: 'no server', fields: { ':path': '/nowhere' } },
  { what: 'junk', fields: { ':path': '/junk' } },
];

const ANSWERS: Readonly<Record<string, string>> = {
  '/chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n',
  '/trailers': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
  '/hint': 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  '/204': 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n',
  '/304': 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n',
  '/hop': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nX-Stays: \xe9\r\n\r\nok',
};

const CONFIG = (log: string, server: string): string => `global
 stats socket %DIR%/ctl level admin
 log ${log} local0
${DEFAULTS}
 log global
 log-format "%ST %B %U %ts %HV %r"
frontend www
 bind unix@%DIR%/www proto h2
 http-request deny if { path /deny }
 http-request redirect location /x if { path /away }
 http-request reject if { path /reject }
 http-request return status 200 content-type text/plain string hello if { path /said }
 http-request return status 200 content-type text/plain lf-string "%[req.ver] %[fc_http_major] %[http_first_req] %[url] %[path] %[base] %HV %HM %HP %HU %HQ" if { path /facts }
 use_backend nowhere if { path /nowhere }
 default_backend app
frontend clear
 bind unix@%DIR%/clear
 default_backend app
backend app
 server s1 ${server}
backend nowhere
`;

describe('HTTP/2 beside HAProxy', { skip }, () => {
  let sides: Sides | undefined;
  let logs: LogReceiver & { readonly port: number };
  const servers: Upstream[] = [];
  const received = new Map<string, string[]>();

  before(async () => {
    logs = await receiveUdp();
    // One for both: the bytes of each of them are told apart by what their clients say of themselves.
    const upstream = await startRawUpstream((socket) => {
      let text = '';
      socket.on('end', () => socket.end());
      socket.on('data', (bytes: Buffer) => {
        text += bytes.toString('latin1');
        const end = text.indexOf('\r\n\r\n') + 4;
        if (end < 4) return;
        const head = text.slice(0, end);
        if (text.length < end + Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0)) return;
        if (/\r\ntransfer-encoding: chunked/.test(head) && !/\r\n0\r\n(?:[^\r]+\r\n)*\r\n$/.test(text.slice(end - 2))) return;
        const side = /\r\nx-side: (\w+)/.exec(head)?.[1] ?? '';
        const path = text.split(' ')[1] ?? '';
        received.set(side, [...(received.get(side) ?? []), text.replace(/\r\nx-side: \w+/, '')]);
        text = '';
        if (path === '/end') socket.end('HTTP/1.0 200 OK\r\n\r\nabc');
        else if (path === '/junk') socket.end('SSH-2.0\r\n\r\n');
        else if (head.startsWith('HEAD ')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n');
        else if (path !== '/silent') socket.write(ANSWERS[path] ?? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'latin1');
      });
    });
    servers.push(upstream);
    sides = await startSides(CONFIG(`127.0.0.1:${logs.port}`, upstream.address));
  });

  after(async () => {
    await stopSides(sides);
    await Promise.all(servers.map((server) => server.stop()));
    await logs.stop();
  });

  const client = (side: Side, name = 'www'): Promise<H2Client> => H2Client.over(connect(join(side.folder, name)), 'http://a.test');

  const lineOf = async (asked: () => Promise<unknown>): Promise<string> => {
    const from = logs.lines.length;
    await asked();
    const line = await until('a line of the log', () => logs.lines[from]);
    return line.slice(line.indexOf(']: ') + 3);
  };

  for (const { what, fields, body, trailers, counted = true } of ASKS) {
    it(`is the same to servers, clients and logs: ${what}`, async () => {
      const told: [StreamAnswer, string, string][] = [];
      for (const side of sides as Sides) {
        received.set(side.name, []);
        const one = await client(side);
        let answer: StreamAnswer | undefined;
        const line = await lineOf(async () => {
          answer = await one.ask({ ...fields, 'x-side': side.name }, body, trailers);
        });
        await one.close();
        assert.ok(answer);
        // Their names have not the same length, and both are counted.
        const log = line.replace(/^(\d+ \d+) (\d+)/, (_all, before, size) => `${before} ${counted ? Number(size) - side.name.length : ''}`);
        told.push([answer, (received.get(side.name) ?? []).join('').replaceAll(side.name, 'SIDE'), log]);
      }
      const [theirs, ours] = told;
      assert.deepEqual(ours, theirs);
    });
  }

  it('counts a connection once, and each stream', async () => {
    const [theirs, ours] = await both(sides as Sides, async (side) => {
      const rowOf = async () => {
        const row = (await side.rows()).find(({ pxname, svname }) => pxname === 'clear' && svname === 'FRONTEND');
        return ['scur', 'stot', 'req_tot', 'conn_tot', 'hrsp_2xx', 'ereq', 'dreq'].map((name) => Number(row?.[name]));
      };
      // By prior knowledge.
      const one = await client(side, 'clear');
      for (let i = 0; i < 3; i++) assert.equal((await one.ask({ ':path': '/', 'x-side': side.name })).status, 200);
      const during = await rowOf();
      await one.close();
      await until('it is gone', async () => (await rowOf())[0] === 0);
      return [during, await rowOf()];
    });
    assert.deepEqual(ours, theirs);
  });

  const replaced = (name: string, value: string): Fields => GET.map(([one, old]) => [one, one === name ? value : old]);
  const without = (name: string): Fields => GET.filter(([one]) => one !== name);
  const post: Fields = replaced(':method', 'POST');
  const data = (bytes: string, flags: number = Flag.EndStream): Buffer => frame(Type.Data, flags, 1, Buffer.from(bytes));

  const errors: readonly (readonly [what: string, frames: readonly Buffer[], differs?: string])[] = [
    ['no :method', [headers(1, without(':method'))]],
    ['no :scheme', [headers(1, without(':scheme'))]],
    ['an empty :path', [headers(1, replaced(':path', ''))]],
    ['two :path', [headers(1, [...GET, [':path', '/']])]],
    ['an unknown pseudo-header field', [headers(1, [...GET, [':x', '1']])]],
    ['one behind fields', [headers(1, [...without(':path'), ['x', 'y'], [':path', '/']])]],
    ['a fragment', [headers(1, replaced(':path', '/a#b'))]],
    ['a blank in :path', [headers(1, replaced(':path', '/ x'))]],
    ['another host', [headers(1, [...GET, ['host', 'b']])]],
    ['capital letters', [headers(1, [...GET, ['X-A', '1']])]],
    ['connection', [headers(1, [...GET, ['connection', 'close']])]],
    ['te', [headers(1, [...GET, ['te', 'gzip']])]],
    ['transfer-encoding', [headers(1, [...post, ['transfer-encoding', 'chunked']], false)]],
    ['two lengths', [headers(1, [...post, ['content-length', '1'], ['content-length', '2']], false)]],
    ['too little', [headers(1, [...post, ['content-length', '5']], false), data('abc')]],
    ['too much', [headers(1, [...post, ['content-length', '2']], false), data('abc')]],
    ['DATA first', [data('a')]],
    ['an even stream', [headers(2, GET)]],
    ['PUSH_PROMISE', [frame(Type.PushPromise, Flag.EndHeaders, 1, number32(2))]],
    ['CONTINUATION first', [frame(Type.Continuation, Flag.EndHeaders, 1, block(GET))]],
    ['a window beyond all bounds', [frame(Type.WindowUpdate, 0, 0, number32(0x7fffffff))]],
    // HAProxy resets the stream, too.
    ['a rule that rejects', [headers(1, replaced(':path', '/reject'))], 'GOAWAY ENHANCE_YOUR_CALM'],
    // What HAProxy lets pass, or tells otherwise.
    ['user information', [headers(1, replaced(':authority', 'u@a'))], 'PROTOCOL_ERROR'],
    ['a length without a body', [headers(1, [...post, ['content-length', '1']])], 'PROTOCOL_ERROR'],
    ['a pseudo-header field in trailers', [headers(1, post, false), data('a', 0), headers(1, [[':path', '/']])], 'PROTOCOL_ERROR'],
    ['a window that grows by nothing', [headers(1, post, false), frame(Type.WindowUpdate, 0, 1, number32(0))], 'GOAWAY PROTOCOL_ERROR'],
    ['a line end in a value, whose field is dropped', [headers(1, [...GET, ['x-a', 'a\r\nb: c']])], 'END_STREAM'],
  ];
  for (const [what, frames, differs] of errors) {
    it(`ends with the same error${differs === undefined ? '' : ', or with ours'}: ${what}`, async () => {
      const [theirs, ours] = await both(sides as Sides, async (side) => {
        const one = await FrameClient.connect(join(side.folder, 'www'));
        one.send(...frames);
        const end = await one.endOf(1);
        one.close();
        return end;
      });
      if (differs === undefined) assert.equal(ours, theirs);
      else {
        assert.equal(ours, differs);
        assert.notEqual(ours, theirs, 'no difference any more');
      }
    });
  }

  it('announces the same settings, but for those that HAProxy leaves at their defaults', async () => {
    const [theirs, ours] = await both(sides as Sides, async (side) => {
      const one = await client(side);
      const { headerTableSize, initialWindowSize, maxFrameSize, maxConcurrentStreams, enableConnectProtocol } = one.session.remoteSettings;
      await one.close();
      return { headerTableSize, initialWindowSize, maxFrameSize, maxConcurrentStreams, enableConnectProtocol };
    });
    assert.deepEqual(ours, theirs);
  });
});
