import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hasListener, type PrepareOptions, prepare } from '../../src/prepare.ts';

const DEFAULTS = 'defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n';

function read(text: string, options: Partial<PrepareOptions> = {}) {
  return prepare({ kind: 'text', text: DEFAULTS + text, name: 'test.cfg' }, { env: {}, ...options });
}

describe('preparing a configuration', () => {
  it('compiles the rules of every proxy', () => {
    const { prepared } = read('listen www\n bind :8080\n http-request deny if { path /a }\n');
    assert.notEqual([...(prepared?.rules.values() ?? [])][0]?.request, undefined);
  });

  it('counts a rule that does not compile as an error of the configuration', () => {
    const { prepared, diagnostics } = read('listen www\n bind :8080\n http-request set-header x "%[nonsense]"\n');
    assert.equal(prepared, undefined);
    assert.deepEqual(
      diagnostics.map(({ severity, place }) => [severity, place?.line]),
      [['alert', 8]],
    );
  });

  it('gives variables of the process their values, or says which line is wrong', () => {
    const lines = 'global\n set-var proc.a int(3)\n set-var-fmt proc.b "%pid-%[var(proc.a)]"\n';
    assert.deepEqual(
      [...(read(lines, { pid: 7 }).prepared?.variables ?? [])],
      [
        ['proc.a', 3],
        ['proc.b', '7-3'],
      ],
    );
    const { prepared, diagnostics } = read(`${lines} set-var proc.c path\n`);
    assert.equal(prepared, undefined);
    assert.deepEqual(
      diagnostics.map(({ severity, place }) => [severity, place?.line]),
      [['alert', 9]],
    );
  });

  it('reports the mistakes of rules and of all other lines together, in the order of the text', () => {
    const text = `frontend www
 bind :8080
 http-request nonsense
 blance roundrobin
 acl a path /x
 http-request deny if b
 default_backend nowhere
backend b
 http-request set-header x
 acl unused path_reg (
`;
    const { prepared, diagnostics } = read(text);
    assert.equal(prepared, undefined);
    assert.deepEqual(
      diagnostics.map(({ severity, place }) => [severity, place?.line]),
      [8, 9, 11, 12, 14, 15].map((line) => ['alert', line]),
    );
  });

  for (const [address, problem] of [
    ['fd@9999', "cannot use file descriptor '9999' : Bad file descriptor."],
    ['fd@FILE', "cannot use file descriptor 'FILE' : Socket operation on non-socket."],
    ['unix@/tmp/never user nobody-here', "'user' : unknown user name 'nobody-here'"],
    ['unix@/tmp/never group nobody-here', "'group' : unknown group name 'nobody-here'"],
  ] as const) {
    it(`says in HAProxy's words that there is no socket to be had of ${address}`, (t) => {
      const file = openSync('/dev/null', 'r');
      t.after(() => closeSync(file));
      const [words, message] = [address, problem].map((text) => text.replace('FILE', String(file)));
      for (const [keyword, text] of [
        ['bind', `frontend f\n bind ${words}\n`],
        ['stats socket', `global\n stats socket ${words}\n`],
      ] as const) {
        const { prepared, diagnostics } = read(text);
        assert.equal(prepared, undefined);
        const place = { file: 'test.cfg', line: 7 };
        assert.deepEqual(diagnostics, [{ severity: 'alert', place, message: `'${keyword}' : ${message}` }]);
      }
    });
  }

  it('orders by file before line, and doubts about rules of a broken text are not told', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-prepare-'));
    t.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'b.cfg'), `${DEFAULTS}frontend f\n bind :80\n http-request nonsense\n`);
    writeFileSync(join(folder, 'a.cfg'), 'frontend g\n bind :81\n nonsense\n http-request set-header connection x\n');
    const { diagnostics } = prepare({ kind: 'files', paths: ['b.cfg', 'a.cfg', 'none.cfg'] }, { env: {}, cwd: folder });
    assert.deepEqual(
      diagnostics.map(({ place }) => place && [place.file, place.line]),
      [['b.cfg', 8], ['a.cfg', 3], undefined],
    );
  });

  it('does not take warnings with -dW', () => {
    const text = 'listen www\n bind :8080\n timeout client 0\nbackend b\n http-check expect status 200\n';
    assert.notEqual(read(text).prepared, undefined);
    const { prepared, diagnostics } = read(text, { zeroWarning: true });
    assert.equal(prepared, undefined);
    assert.match(diagnostics.at(-1)?.message ?? '', /zero-warning/);
  });

  it('lets -n win over global maxconn, and -N only fill what a frontend leaves open', () => {
    const text = 'global\n maxconn 10\nlisten a\n bind :8080\n maxconn 5\nlisten b\n bind :8081\n';
    const config = read(text, { maxconn: 100, frontendMaxconn: 50 }).prepared?.config;
    assert.equal(config?.global.maxconn, 100);
    assert.deepEqual(
      config?.proxies.map((proxy) => proxy.maxconn),
      [5, 50],
    );
    assert.equal(read(text).prepared?.config.global.maxconn, 10);
  });

  it('gives a frontend the limit of the process, which comes from its descriptors where nobody says', () => {
    const limits = (text: string, descriptors?: number) => {
      const config = read(text, { descriptors }).prepared?.config;
      return [config?.global.maxconn, config?.proxies[0]?.maxconn];
    };
    assert.deepEqual(limits('global\n maxconn 256\nlisten a\n bind :8080\n', 20_000), [256, 256]);
    assert.deepEqual(limits('listen a\n bind :8080\n', 20_100), [10_000, 10_000]);
    assert.deepEqual(limits('listen a\n bind :8080\n'), [undefined, undefined]);
  });

  it('derives fullconn from the limits as they are in the end', () => {
    const text = `frontend f
 bind :8080
 use_backend c if { path /c }
 default_backend b
frontend g
 bind :8081
 maxconn 50
 default_backend b
listen l
 bind :8082
backend b
backend c
backend d
 fullconn 7
backend e
`;
    const limits = (options: Partial<PrepareOptions>) =>
      read(text, options).prepared?.config.proxies.map(({ kind, maxconn, fullconn }) => (kind === 'frontend' ? maxconn : fullconn));
    // As HAProxy 2.6 shows them in `slim`.
    assert.deepEqual(limits({ maxconn: 5000 }), [5000, 50, 500, 505, 500, 7, 1]);
    assert.deepEqual(limits({ maxconn: 5000, frontendMaxconn: 300 }), [300, 50, 30, 35, 30, 7, 1]);
    assert.deepEqual(limits({ descriptors: 20_100 }), [10_000, 50, 1000, 1005, 1000, 7, 1]);
  });

  it('knows whether anything would listen', () => {
    const listens = (text: string) => hasListener(read(text).prepared?.config ?? assert.fail(text));
    assert.equal(listens('listen www\n bind :8080\n'), true);
    assert.equal(listens('listen www\n bind :8080\n disabled\n'), false);
    assert.equal(listens('backend b\n'), false);
  });
});
