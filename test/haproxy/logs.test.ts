/** Where log lines go and how they are framed, beside the real HAProxy: the same datagrams, byte for byte. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type LogReceiver, receiveUdp, receiveUnix } from '../support/syslog.ts';
import { settled, until } from '../support/wait.ts';
import { Client, Side, type Sides, skip, stopSides } from './side-by-side.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

const DEFAULTS = `
defaults
 mode http
 log global
 timeout connect 2s
 timeout client 5s
 timeout server 5s
 retries 0`;

/** What differs from run to run, with the length it has; the line at accept has no other. */
function alike(line: string): string {
  return line
    .replace(/[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d/, 'Mmm dd hh:mm:ss')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d/, 'yyyy-mm-ddThh:mm:ss.uuuuuu+zz:zz')
    .replace(/(?<=north(?:\[| ))\d+/, (pid) => 'p'.repeat(pid.length));
}

async function ask(side: Side, proxy: string): Promise<void> {
  const client = new Client(join(side.folder, proxy));
  client.socket.write(GET);
  await client.rest();
  client.close();
}

/** Starts both, whose process ids have the same number of digits: they count where lines are cut. */
async function startBoth(config: (name: Side['name']) => string): Promise<Sides> {
  for (;;) {
    const sides = [await Side.start('haproxy', config('haproxy')), await Side.start('fairlead', config('fairlead'))] as const;
    const [one, other] = await Promise.all(sides.map(async (side) => /^Pid: (\d+)$/m.exec(await side.cli('show info'))?.[1]?.length));
    if (one === other) return sides;
    await stopSides(sides);
  }
}

/** What each of them tells, which sends its lines to a port of its own, is the same. */
async function compare(config: (port: number) => string, told: (side: Side, lines: readonly string[]) => Promise<unknown>): Promise<void> {
  const receivers = { haproxy: await receiveUdp(), fairlead: await receiveUdp() };
  const sides = await startBoth((name) => config(receivers[name].port));
  try {
    const [haproxy, fairlead] = sides;
    const wanted = await told(haproxy, receivers.haproxy.lines);
    assert.deepEqual(await told(fairlead, receivers.fairlead.lines), wanted);
  } finally {
    await stopSides(sides);
    for (const receiver of Object.values(receivers)) await receiver.stop();
  }
}

const FORMATS = ['local', 'rfc3164', 'rfc5424', 'priority', 'short', 'timed', 'iso', 'raw'];
/** From where a header is longer than the line, to where the message fits. */
const LENGTHS = Array.from({ length: 24 }, (_, i) => 80 + 3 * i);

test('lines are framed and cut byte for byte', { skip }, async () => {
  const targets = FORMATS.flatMap((format) => LENGTHS.map((length) => `len ${length} format ${format}`));
  const config = (port: number): string => `
global
 nbthread 1
 stats socket %DIR%/ctl
 log-send-hostname edge-one.of-the-balancers.example.org
 log-tag balancer-of-the-north
${targets.map((target, i) => ` log 127.0.0.1:${port} ${target} local${i % 8}`).join('\n')}
 log 127.0.0.1:${port} local0
 log stdout len 80 format rfc3164 local0
${DEFAULTS}
frontend www
 bind unix@%DIR%/www
 http-request return status 200`;
  await compare(config, async (side, lines) => {
    await ask(side, 'www');
    await until(`all lines of ${side.name} are here; have ${lines.length}`, () => lines.length >= targets.length + 1);
    await until('the line is on stdout', () => /^<134>.*edge-one/m.test(side.output));
    return [...lines, /^<134>.*edge-one.*\n/m.exec(side.output)?.[0] ?? ''].map(alike);
  });
});

test('a proxy has a tag and structured data of its own', { skip }, async () => {
  const config = (port: number): string => `
global
 nbthread 1
 stats socket %DIR%/ctl
 log-send-hostname
${DEFAULTS}
frontend www
 bind unix@%DIR%/www
 log-tag north
 log-format "%HM %HP %ST"
 log-format-sd '[own@1 status="%ST" name="%HM"][more@1]'
${LENGTHS.map((length) => ` log 127.0.0.1:${port} len ${length} format rfc5424 local0`).join('\n')}
 log 127.0.0.1:${port} format rfc5424 local1
 log 127.0.0.1:${port} local2
 http-request return status 200`;
  await compare(config, async (side, lines) => {
    await ask(side, 'www');
    await until(`all lines of ${side.name} are here`, () => lines.length === LENGTHS.length + 2);
    return lines.map(alike);
  });
});

/** Of `log global` with a range of several lines HAProxy counts some of a proxy's for the others, too. */
test('each proxy counts the lines of a sample for itself', { skip }, async () => {
  const config = (port: number): string => `
global
 nbthread 1
 stats socket %DIR%/ctl
 log 127.0.0.1:${port} format short sample 1,3:5 local0
 log 127.0.0.1:${port} format priority sample 2:2 local1 info
${DEFAULTS}
frontend one
 bind unix@%DIR%/one
 http-request return status 200
frontend two
 bind unix@%DIR%/two
 log 127.0.0.1:${port} format raw sample 3-4,1:5 local0
 http-request return status 200
frontend three
 bind unix@%DIR%/three
 log 127.0.0.1:${port} format raw local0 notice
 http-request return status 200`;
  await compare(config, async (side, lines) => {
    for (const proxy of ['one', 'one', 'two', 'one', 'two', 'three', 'two', 'two', 'one', 'one', 'two', 'one', 'one', 'two'])
      await ask(side, proxy);
    await settled('the lines', () => lines.length);
    assert.ok(lines.length > 10);
    return lines;
  });
});

test('a unix datagram socket gets each line, also when its daemon was started anew', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-syslog-'));
  const path = (name: Side['name']): string => join(folder, name);
  const receivers: Record<Side['name'], LogReceiver> = {
    haproxy: await receiveUnix(path('haproxy')),
    fairlead: await receiveUnix(path('fairlead')),
  };
  const config = (name: Side['name']): string => `
global
 nbthread 1
 stats socket %DIR%/ctl
 log-tag north
 log ${path(name)} local0
 log unix@${path(name)} format rfc5424 local7
 log ${path(name)} len 80 format priority local1
${DEFAULTS}
frontend www
 bind unix@%DIR%/www
 http-request return status 200`;
  const sides = await startBoth(config);
  try {
    const got: Record<string, readonly string[]> = {};
    for (const side of sides) {
      await ask(side, 'www');
      await until('the first lines are here', () => receivers[side.name].lines.length === 3);
      await receivers[side.name].stop();
      const before = receivers[side.name].lines;
      const anew = await receiveUnix(path(side.name));
      receivers[side.name] = anew;
      await ask(side, 'www');
      await until('the next lines are here', () => anew.lines.length === 3);
      got[side.name] = [...before, ...anew.lines].map(alike);
    }
    assert.deepEqual(got.fairlead, got.haproxy);
  } finally {
    await stopSides(sides);
    for (const receiver of Object.values(receivers)) await receiver.stop();
    rmSync(folder, { recursive: true });
  }
});

test('what happens to proxies and servers is told in the same words and severities, in logs and on standard error', { skip }, async () => {
  const config = (port: number): string => `
global
 nbthread 1
 stats socket %DIR%/ctl level admin
 log 127.0.0.1:${port} format priority local0
${DEFAULTS}
frontend web
 bind unix@%DIR%/web
 default_backend be
listen both
 bind unix@%DIR%/both
 server s 127.0.0.1:1
listen gone
 bind unix@%DIR%/gone
 http-request return status 200
backend be
 log 127.0.0.1:${port} local1 notice err
 log-tag up-north
 server s1 127.0.0.1:1
 server s2 127.0.0.1:1 backup`;
  const steps = [
    ...['disable frontend web', 'disable frontend web', 'enable frontend web', 'disable frontend both', 'enable frontend both'],
    ...['shutdown frontend gone', 'shutdown frontend gone', 'disable server be/s1', 'disable server be/s2', 'enable server be/s2'],
    ...['set server be/s2 state drain', 'set server be/s2 state ready', 'set server be/s1 state ready', 'set server both/s state maint'],
  ];
  await compare(config, async (side, lines) => {
    const answers: string[] = [];
    for (const step of steps) answers.push(await side.cli(step));
    await ask(side, 'web');
    process.kill(Number(/^Pid: (\d+)$/m.exec(await side.cli('show info'))?.[1]), 'SIGUSR1');
    await until('the last proxy has stopped', () => /Proxy be stopped/.test(side.output));
    await settled('the lines', () => lines.length);
    const told = lines.filter((line) => !/Stopping:|<HTTPCLIENT>/.test(line)).map(alike);
    const said = side.output.split('\n').filter((line) => /^\[(?:WARNING|ALERT)/.test(line) && !/<HTTPCLIENT>|GLOBAL/.test(line));
    return { answers, told, said: said.map((line) => line.replace(/\(\d+\)/, '(pid)')) };
  });
});
