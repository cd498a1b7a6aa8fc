/** Our rules beside those of the real HAProxy: the same conditions, expressions and actions on the same bytes. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Head } from '../../src/http/head.ts';
import { parseRequestHead, parseResponseHead } from '../../src/http/parse.ts';
import type { Final, RuleContext } from '../../src/rules/types.ts';
import { compile, compileClean, contextOf } from '../rules/support.ts';
import {
  ABSOLUTE_REQUESTS,
  ACTIONS,
  CONDITIONS,
  EXPRESSIONS,
  REDIRECTS,
  REPLIES,
  REQUESTS,
  RESPONSE_CONDITIONS,
  TARGETS,
} from '../rules/table.ts';
import { until } from '../support/wait.ts';
import { skip } from './side-by-side.ts';

let folder = '';
let haproxy: ChildProcess | undefined;

const path = (name: string): string => join(folder, name);

/** Each list has a frontend of its own; `x-rule` picks the rule where only one is to run. */
function configuration(): string {
  const conditions = CONDITIONS.map((condition, index) => ` http-request set-var(txn.c${index}) int(1) if ${condition}`);
  const responses = RESPONSE_CONDITIONS.map((condition, index) => ` http-response set-header c${index} 1 if ${condition}`);
  const pick = (index: number): string => `if { req.hdr(x-rule) ${index} }`;
  return `
defaults
 mode http
 timeout connect 1s
 timeout client 5s
 timeout server 5s
frontend conditions
 bind unix@${path('conditions')}
${conditions.join('\n')}
 http-request return content-type text/plain lf-file ${path('conditions.txt')}
frontend expressions
 bind unix@${path('expressions')}
 http-request return content-type text/plain lf-file ${path('expressions.txt')}
frontend targets
 bind unix@${path('targets')}
 http-request return content-type text/plain lf-file ${path('targets.txt')}
frontend rewritten
 bind unix@${path('rewritten')}
 http-request set-path /new
 http-request return content-type text/plain lf-file ${path('targets.txt')}
frontend actions
 bind unix@${path('actions')}
${ACTIONS.map((action, index) => ` http-request ${action} ${pick(index)}`).join('\n')}
 use_backend echo
frontend replies
 bind unix@${path('replies')}
${REPLIES.map((action, index) => ` http-request ${action} ${pick(index)}`).join('\n')}
frontend redirects
 bind unix@${path('redirects')}
${REDIRECTS.map((action, index) => ` ${action} ${pick(index)}`).join('\n')}
frontend responses
 bind unix@${path('responses')}
${responses.join('\n')}
 use_backend echo
backend echo
 server echo unix@${path('echo')}
frontend echo
 bind unix@${path('echo')}
 http-request return content-type text/plain hdr x-list "a, b" lf-file ${path('echo.txt')}
`;
}

before(async () => {
  if (skip !== false) return;
  folder = mkdtempSync(join(tmpdir(), 'fairlead-rules-'));
  writeFileSync(path('conditions.txt'), CONDITIONS.map((_, index) => `%[var(txn.c${index}),bool]`).join('\n'));
  writeFileSync(path('expressions.txt'), EXPRESSIONS.map((expression) => `<${expression}>`).join('\n'));
  writeFileSync(path('targets.txt'), TARGETS.map((expression) => `<${expression}>`).join('\n'));
  writeFileSync(path('echo.txt'), '%[method] %[url]\n%[req.hdrs]');
  writeFileSync(path('haproxy.cfg'), configuration());
  const checked = spawnSync('haproxy', ['-c', '-f', path('haproxy.cfg')], { encoding: 'utf8' });
  assert.equal(checked.status, 0, checked.stderr);
  haproxy = spawn('haproxy', ['-db', '-f', path('haproxy.cfg')], { stdio: 'ignore' });
  await until('HAProxy listens', () => ask('echo', 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'));
});

after(async () => {
  if (haproxy !== undefined && haproxy.exitCode === null) {
    haproxy.kill('SIGKILL');
    await once(haproxy, 'exit');
  }
  if (folder !== '') rmSync(folder, { recursive: true });
});

interface Answer {
  readonly head: Head;
  readonly body: string;
}

async function ask(frontend: string, raw: string): Promise<Answer> {
  const socket = connect(path(frontend));
  socket.write(raw.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'), 'latin1');
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const head = new Head();
  const used = parseResponseHead(bytes, 0, bytes.length, head, 65_536, 0);
  assert.ok(used > 0, bytes.toString('latin1'));
  return { head, body: bytes.toString('latin1', used) };
}

/** Our side of the same bytes. HAProxy sees a unix socket: neither it nor we have addresses there. */
function ourContext(raw: string, frontend: string): RuleContext {
  const head = new Head();
  const bytes = Buffer.from(raw.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'), 'latin1');
  assert.ok(parseRequestHead(bytes, 0, bytes.length, head, 65_536, 0) > 0, raw);
  return contextOf(head, { frontend, clientAddress: '', clientPort: 0, localAddress: '', localPort: 0 });
}

/** Sets `x-rule` in a request of the table. */
function picking(raw: string, index: number): string {
  return raw.replace('\r\n', `\r\nx-rule: ${index}\r\n`);
}

for (const [name, raw] of Object.entries(REQUESTS)) {
  const skipBody = raw.startsWith('HEAD') ? 'a HEAD has no body to read the results from' : skip;

  test(`every condition decides as HAProxy's does: ${name}`, { skip: skipBody }, async () => {
    const bits = (await ask('conditions', raw)).body.split('\n');
    const theirs = CONDITIONS.map((_, index) => bits[index] === '1');
    const ours = CONDITIONS.map((condition) => {
      const { route } = compile([`use_backend yes if ${condition}`]).rules;
      return route?.(ourContext(raw, 'conditions')) === 'yes';
    });
    assertSame(CONDITIONS, ours, theirs);
  });

  test(`every expression has HAProxy's value: ${name}`, { skip: skipBody }, async () => {
    const theirs = (await ask('expressions', raw)).body.split('\n');
    const ours = EXPRESSIONS.map((expression) => {
      const context = ourContext(raw, 'expressions');
      compileClean([`http-request set-header x-value '<${expression.replaceAll("'", `'"'"'`)}>'`]).request?.(context);
      return context.request.first('x-value');
    });
    assertSame(EXPRESSIONS, ours, theirs);
  });

  test(`every action forwards what HAProxy forwards: ${name}`, { skip: skipBody }, async () => {
    const theirs: unknown[] = [];
    const ours: unknown[] = [];
    for (const [index, action] of ACTIONS.entries()) {
      theirs.push(theirFields((await ask('actions', picking(raw, index))).body));
      const context = ourContext(picking(raw, index), 'actions');
      compile([`http-request ${action}`]).rules.request?.(context);
      ours.push(forwarded(context.request));
    }
    assertSame(ACTIONS, ours, theirs);
  });

  for (const [frontend, rules] of [
    ['replies', REPLIES.map((rule) => `http-request ${rule}`)],
    ['redirects', REDIRECTS],
  ] as const) {
    test(`every one of the ${frontend} is HAProxy's: ${name}`, { skip }, async () => {
      const theirs: unknown[] = [];
      const ours: unknown[] = [];
      for (const [index, rule] of rules.entries()) {
        const { head, body } = await ask(frontend, picking(raw, index));
        const compiled = compile([rule]).rules;
        const final = (compiled.request ?? compiled.redirect)?.(ourContext(picking(raw, index), frontend));
        const ownPage = final?.reply === undefined;
        theirs.push({
          status: head.status,
          ...(ownPage ? {} : { reason: head.reason, body, fields: withoutFraming(Array.from(head.entries())) }),
        });
        ours.push({ status: final?.status, ...(ownPage ? {} : replied(final.reply, raw)) });
      }
      assertSame(rules, ours, theirs);
    });
  }

  test(`every condition on a response decides as HAProxy's does: ${name}`, { skip }, async () => {
    const { head } = await ask('responses', raw);
    const seen = new Head();
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\nx-list: a, b\r\ncontent-length: 1\r\ncontent-type: text/plain\r\n\r\n');
    parseResponseHead(bytes, 0, bytes.length, seen, 65_536, 0);
    const theirs = RESPONSE_CONDITIONS.map((_, index) => head.has(`c${index}`));
    const ours = RESPONSE_CONDITIONS.map((condition) => {
      const { rules } = compile([`http-response deny if ${condition}`]);
      return rules.response?.({ ...ourContext(raw, 'responses'), response: seen, backend: 'echo', server: 'echo' }) !== undefined;
    });
    assertSame(RESPONSE_CONDITIONS, ours, theirs);
  });
}

for (const [name, raw] of Object.entries(ABSOLUTE_REQUESTS)) {
  for (const [frontend, rules] of [
    ['targets', []],
    ['rewritten', ['http-request set-path /new']],
  ] as const) {
    test(`every part of a target in absolute-form is HAProxy's: ${name}, ${frontend}`, { skip }, async () => {
      const theirs = (await ask(frontend, raw)).body.split('\n');
      const ours = TARGETS.map((expression) => {
        const context = ourContext(raw, frontend);
        compileClean([...rules, `http-request set-header x-value '<${expression}>'`]).request?.(context);
        return context.request.first('x-value');
      });
      assertSame(TARGETS, ours, theirs);
    });
  }
}

/** Complains about the lines that differ alone. */
function assertSame(lines: readonly string[], ours: readonly unknown[], theirs: readonly unknown[]): void {
  const differing = lines.flatMap((line, index) => (isDeepStrictEqual(ours[index], theirs[index]) ? [] : [{ line, index }]));
  const side = (results: readonly unknown[]): unknown[] => differing.map(({ line, index }) => [line, results[index]]);
  assert.deepEqual(side(ours), side(theirs));
}

type Pairs = [name: string, value: string][];

/** Names in lower case and in their order; blanks around values, which no receiver sees, removed. */
function sorted(pairs: Pairs): Pairs {
  return pairs
    .map(([name, value]): [string, string] => [name.toLowerCase(), value.trim()])
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function withoutFraming(pairs: Pairs): Pairs {
  return sorted(pairs).filter(([name]) => name !== 'content-length' && name !== 'connection');
}

function fieldsOf(lines: string): Pairs {
  const pairs = lines.split('\r\n').map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]);
  return withoutFraming(pairs.slice(0, -1));
}

function replied(reply: NonNullable<Final['reply']>, raw: string): object {
  const body = raw.startsWith('HEAD') ? '' : reply.body.toString('latin1');
  return { reason: reply.reason, body, fields: fieldsOf(reply.fieldLines) };
}

function forwarded(head: Head): { line: string; fields: Pairs } {
  return { line: `${head.method} ${head.target}`, fields: withoutFraming(Array.from(head.entries())) };
}

/** The echo writes line ends as `%0D%0A`. */
function theirFields(body: string): { line: string; fields: Pairs } {
  const at = body.indexOf('\n');
  return {
    line: body.slice(0, at),
    fields: fieldsOf(
      body
        .slice(at + 1)
        .replaceAll('%0D%0A', '\r\n')
        .replace(/\r\n$/, ''),
    ),
  };
}
