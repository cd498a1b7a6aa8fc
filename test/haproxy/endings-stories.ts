/** Every way in which an exchange can end: who does what when. */

import { setTimeout as pause } from 'node:timers/promises';
import { type Ending, LONG, type Stage } from './endings-rig.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const CLOSE = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const LAST = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n';
const CHUNKS = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const UPGRADE = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n';
const SWITCH = 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n';

type Row = readonly [name: string, states: readonly string[], play: Ending['play'], more?: Partial<Ending>];

/** The client sends that, and has its answer, whole or not, and an end. */
const sends = (text: string) => async (stage: Stage) => {
  const client = await stage.sent(text);
  await stage.logged(1);
  client.end();
};
const front = (...lines: string[]): Partial<Ending> => ({ front: lines });
const back = (...lines: string[]): Partial<Ending> => ({ back: lines });
/** `abortonclose` where HAProxy heeds it: in both. */
const aborts: Partial<Ending> = { aborts: true };
const late = (ms = LONG) => pause(ms);

/** Of one request: the server says `text`, and does that. */
const answered =
  (text: string, then: 'ends' | 'resets' | 'waits' = 'waits', request = GET) =>
  async (stage: Stage) => {
    const [client, server] = await stage.asked(request);
    if (text !== '') server.send(text);
    // Of less than a head nobody can tell when it has come.
    if (then !== 'waits' && text !== '') await (text.includes('\r\n\r\n') ? client.got('\r\n\r\n') : pause(30));
    if (then === 'ends') server.end();
    if (then === 'resets') server.reset();
    await stage.logged(1);
    client.end();
  };

// biome-ignore format: a hundred stories can be compared only as rows, one beginning on each line
const rows: readonly Row[] = [
  ['a request', ['----'], answered(OK)],
  ['two requests on one connection, and an end', ['----', '----'], async (stage) => {
    const [client, server] = await stage.asked(GET);
    server.send(OK);
    await client.got('ok');
    client.send(GET);
    await server.got('\r\n\r\n');
    server.send(OK);
    await client.got('ok');
    client.end();
  }],
  ['the second request comes late', ['----', '----'], async (stage) => {
    const [client, server] = await stage.asked(GET);
    server.send(OK);
    await client.got('ok');
    await late();
    client.send(GET.slice(0, 20));
    await late();
    client.send(GET.slice(20));
    await server.got('\r\n\r\n');
    await late();
    server.send(OK);
    await client.got('ok');
    client.end();
  }],
  ['a pause between two requests', ['----', '----'], async (stage) => {
    const [client, server] = await stage.asked(GET);
    server.send(OK);
    await client.got('ok');
    await late();
    client.send(GET);
    await server.got('\r\n\r\n');
    server.send(OK);
    await client.got('ok');
    client.end();
  }],
  ['two requests at once', ['----', '----'], async (stage) => {
    const client = await stage.sent(GET + GET);
    const server = await stage.server();
    await server.got('\r\n\r\n');
    server.send(OK);
    await client.got('ok');
    await server.got('\r\n\r\n');
    server.send(OK);
    await client.got('ok');
    client.end();
  }],
  ['nothing, and an end', ['CR--'], async (stage) => (await stage.client()).end()],
  ['nothing, and a reset', ['CR--'], async (stage) => (await stage.client()).reset()],
  ['nothing, and timeout http-request', ['cR--'], async (stage) => { const c = await stage.client(); await stage.logged(1); c.end(); }, front(`timeout http-request ${LONG}ms`)],
  ['nothing, and timeout client', ['cR--'], async (stage) => { const c = await stage.client(); await stage.logged(1); c.end(); }, front(`timeout client ${LONG}ms`)],
  ['a head that is cut, and timeout http-request', ['cR--'], sends('GET / HT'), front(`timeout http-request ${LONG}ms`)],
  ['a head that is cut, and an end', ['CR--'], async (stage) => { const c = await stage.sent('GET / HT'); await pause(50); c.end(); }],
  ['a head that is cut, and a reset', ['CR--'], async (stage) => { const c = await stage.sent('GET / HT'); await pause(50); c.reset(); }],
  ['no request', ['PR--'], sends('BAD\r\n\r\n')],
  ['a head that is too long', ['PR--'], sends(`GET / HTTP/1.1\r\nHost: a\r\nx: ${'x'.repeat(20000)}\r\n\r\n`)],
  ['idle behind a request, and timeout http-keep-alive', ['----'], async (stage) => {
    const [client, server] = await stage.asked(GET);
    server.send(OK);
    await client.ended();
    client.end();
  }, front(`timeout http-keep-alive ${LONG}ms`)],
  ['a second head that is cut, and timeout http-request', ['----', 'cR--'], async (stage) => {
    const [client, server] = await stage.asked(GET);
    server.send(OK);
    await client.got('ok');
    client.send('GET / HT');
    await client.ended();
    client.end();
  }, front(`timeout http-request ${LONG}ms`)],
  ['a second head that is cut, and an end', ['----', 'CR--'], async (stage) => {
    const [client, server] = await stage.asked(GET);
    server.send(OK);
    await client.got('ok');
    client.send('GET / HT');
    await pause(50);
    client.end();
  }],
  ['a second head that is cut, and a reset', ['----', 'CR--'], async (stage) => {
    const [client, server] = await stage.asked(GET);
    server.send(OK);
    await client.got('ok');
    client.send('GET / HT');
    await pause(50);
    client.reset();
  }],
  ['a second request that is none', ['----', 'PR--'], async (stage) => {
    const [client, server] = await stage.asked(GET);
    server.send(OK);
    await client.got('ok');
    client.send('BAD\r\n\r\n');
    await client.ended();
    client.end();
  }],
  ['http-ignore-probes: nothing, and an end', [], async (stage) => { (await stage.client()).end(); await stage.reaches('FRONTEND', 'stot', 1); }, front('option http-ignore-probes')],
  ['http-ignore-probes: nothing, and a reset', [], async (stage) => { (await stage.client()).reset(); await stage.reaches('FRONTEND', 'stot', 1); }, front('option http-ignore-probes')],
  ['http-ignore-probes: nothing, and a time-out', [], async (stage) => { const c = await stage.client(); await c.ended(); c.end(); }, front('option http-ignore-probes', `timeout http-request ${LONG}ms`)],
  ['http-ignore-probes: a head that is cut, and an end', ['CR--'], async (stage) => { const c = await stage.sent('GET / HT'); await pause(50); c.end(); }, front('option http-ignore-probes')],
  ['dontlognull: nothing, and an end', [], async (stage) => { (await stage.client()).end(); await stage.reaches('FRONTEND', 'stot', 1); }, front('option dontlognull')],
  ['dontlognull: nothing, and a time-out', [], async (stage) => { const c = await stage.client(); await c.ended(); c.end(); }, front('option dontlognull', `timeout http-request ${LONG}ms`)],
  ['dontlognull: a head that is cut, and an end', ['CR--'], async (stage) => { const c = await stage.sent('GET / HT'); await pause(50); c.end(); }, front('option dontlognull')],

  ['deny', ['PR--'], sends(GET), front('http-request deny')],
  ['deny in the backend', ['PR--'], sends(GET), back('http-request deny')],
  ['deny with a status', ['PR--'], sends(GET), front('http-request deny deny_status 429')],
  ['deny, with a body that has come', ['PR--'], sends(`${POST}abcde`), front('http-request deny')],
  ['deny, with a body that comes', ['PR--'], async (stage) => { const c = await stage.sent(`${POST}ab`); await c.got('</html>'); c.send('cde'); await stage.logged(1); c.end(); }, front('http-request deny')],
  ['return', ['LR--'], sends(GET), front('http-request return status 200 content-type text/plain string hello hdr x-a b')],
  ['return in the backend', ['LR--'], sends(GET), back('http-request return status 204')],
  ['redirect', ['LR--'], sends(GET), front('http-request redirect location /b')],
  ['redirect in the backend', ['LR--'], sends(GET), back('redirect location /b')],
  ['reject', ['PR--'], sends(GET), front('http-request reject')],
  ['reject in the backend', ['PR--'], sends(GET), back('http-request reject')],
  ['reject of a second request', ['----', 'PR--'], async (stage) => {
    const [client, server] = await stage.asked(GET);
    server.send(OK);
    await client.got('ok');
    client.send('GET /no HTTP/1.1\r\nHost: a\r\n\r\n');
    await stage.logged(2);
    client.end();
  }, front('http-request reject if { path /no }')],
  ['silent-drop', ['PR--'], sends(GET), front('http-request silent-drop')],
  ['silent-drop in the backend', ['PR--'], sends(GET), back('http-request silent-drop')],
  ['tarpit', ['PT--'], sends(GET), front('http-request tarpit', `timeout tarpit ${LONG}ms`)],
  ['tarpit, and a request behind it', ['PT--', '----'], async (stage) => {
    const client = await stage.sent(GET.replace('/', '/tar') + GET);
    const server = await stage.server();
    await server.got('\r\n\r\n');
    server.send(OK);
    await client.got('ok');
    client.end();
  }, front('http-request tarpit if { path /tar }', `timeout tarpit ${LONG}ms`)],
  ['tarpit with a body, and a request behind it', ['PT--', '----'], async (stage) => {
    const client = await stage.sent(`${POST.replace('/', '/tar')}hello${GET}`);
    const server = await stage.server();
    await server.got('\r\n\r\n');
    server.send(OK);
    await client.got('ok');
    client.end();
  }, front('http-request tarpit if { path /tar }', `timeout tarpit ${LONG}ms`)],
  ['retry-on 404: what was not sent is not counted', ['----'], async (stage) => {
    const client = await stage.sent(GET);
    for (let i = 1; i <= 3; i++) {
      const server = await stage.server();
      await server.got('\r\n\r\n');
      server.send(i < 3 ? 'HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone' : LAST);
    }
    await client.got('ok');
    client.end();
  }, back('retry-on 404', 'retries 2')],
  ['no chunk, with the head of the response', ['PH--'], answered('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n')],
  ['logasap', ['----'], async (stage) => {
    const [client, server] = await stage.asked(GET);
    server.send(OK.slice(0, -2));
    await stage.logged(1);
    server.send('ok');
    await client.got('ok');
    client.end();
  }, front('option logasap')],
  ['logasap: a body', ['----'], answered(OK, 'waits', `${POST}hello`), front('option logasap')],
  ['logasap: what is refused is told at its end', ['PR--'], sends(GET), front('option logasap', 'http-request deny')],
  ['logasap: a tunnel is told when it begins', ['----'], async (stage) => {
    const [client, server] = await stage.asked(UPGRADE);
    server.send(SWITCH);
    await client.got('\r\n\r\n');
    await stage.logged(1);
    client.end();
    server.end();
  }, front('option logasap')],
  ['tarpit with a status', ['PT--'], sends(GET), front('http-request tarpit deny_status 429', `timeout tarpit ${LONG}ms`)],
  ['tarpit in the backend', ['PT--'], sends(GET), back('http-request tarpit', `timeout tarpit ${LONG}ms`)],
  ['tarpit without a time-out of its own', ['PT--'], sends(GET), { front: ['http-request tarpit'], back: [`timeout connect ${LONG}ms`] }],
  ['tarpit in the backend without a time-out of its own', ['PT--'], sends(GET), { back: ['http-request tarpit', `timeout connect ${LONG}ms`] }],
  ['tarpit, and the client ends', ['PT--'], async (stage) => { const c = await stage.sent(GET); await stage.reaches('FRONTEND', 'req_tot', 1); c.end(); }, front('http-request tarpit', `timeout tarpit ${2 * LONG}ms`)],
  ['tarpit, and the client resets', ['PT--'], async (stage) => { const c = await stage.sent(GET); await stage.reaches('FRONTEND', 'req_tot', 1); c.reset(); }, front('http-request tarpit', `timeout tarpit ${2 * LONG}ms`)],
  ['tarpit with a body that does not come', ['PT--'], sends(`${POST}ab`), front('http-request tarpit', `timeout tarpit ${LONG}ms`)],
  ['http-response deny', ['PH--'], answered(OK), back('http-response deny')],
  ['http-response deny in the frontend', ['PH--'], answered(OK), front('http-response deny')],
  ['http-response deny with a status', ['PH--'], answered(OK), back('http-response deny deny_status 429')],
  ['http-response return', ['LH--'], answered(OK), back('http-response return status 200 content-type text/plain string hello')],
  ['http-response silent-drop', ['PR--'], answered(OK), back('http-response silent-drop')],
  ['http-response redirect', ['LH--'], answered(OK), back('http-response redirect location /b')],

  ['no backend', ['SC--'], sends(GET), { lost: true, server: 'none' }],
  ['no server', ['SC--'], sends(GET), { server: 'none' }],
  ['a server in maintenance', ['SC--'], sends(GET), { words: 'disabled' }],
  ['refused', ['SC--'], sends(GET), { server: 'refuses' }],
  ['timeout connect', ['sC--'], sends(GET), { server: 'deaf', back: [`timeout connect ${LONG}ms`] }],
  ['timeout connect, and a retry', ['sC--'], sends(GET), { server: 'deaf', back: [`timeout connect ${LONG}ms`, 'retries 1'] }],
  ['an end while it connects', ['sC--'], async (stage) => { const c = await stage.sent(GET); await stage.reaches('s1', 'scur', 1); c.end(); }, { server: 'deaf', back: [`timeout connect ${LONG}ms`] }],
  ['a reset while it connects', ['sC--'], async (stage) => { const c = await stage.sent(GET); await stage.reaches('s1', 'scur', 1); c.reset(); }, { server: 'deaf', back: [`timeout connect ${LONG}ms`] }],
  ['abortonclose: an end while it connects', ['CC--'], async (stage) => { const c = await stage.sent(GET); await stage.reaches('s1', 'scur', 1); c.end(); }, { ...aborts, server: 'deaf' }],
  ['abortonclose: a reset while it connects', ['CC--'], async (stage) => { const c = await stage.sent(GET); await stage.reaches('s1', 'scur', 1); c.reset(); }, { ...aborts, server: 'deaf' }],

  ['timeout queue', ['sQ--', '----'], async (stage) => {
    const [first, server] = await stage.asked(GET);
    const second = await stage.sent(GET);
    await stage.logged(1);
    server.send(OK);
    await first.got('ok');
    first.end();
    second.end();
  }, { back: [`timeout queue ${LONG}ms`], words: 'maxconn 1' }],
  ['a wait in the queue', ['----', '----'], async (stage) => {
    const [first, server] = await stage.asked(CLOSE);
    const second = await stage.sent(CLOSE);
    await stage.reaches('BACKEND', 'qcur', 1);
    await late();
    server.send(LAST);
    server.end();
    await first.got('ok');
    first.end();
    const next = await stage.server();
    await next.got('\r\n\r\n');
    await late();
    next.send(OK);
    await second.got('ok');
    second.end();
  }, { words: 'maxconn 1' }],
  ...([['end', false, ['----', '----']], ['end', true, ['CQ--', '----']], ['reset', false, ['----', 'CD--']]] as const).map(([how, aborts, states]): Row => [
    `${how} in the queue${aborts ? ', abortonclose' : ''}`, states, async (stage) => {
      const [first, server] = await stage.asked(CLOSE);
      const second = await stage.sent(GET);
      await stage.reaches('BACKEND', 'qcur', 1);
      second[how]();
      await pause(30);
      server.send(LAST);
      server.end();
      await first.got('ok');
      first.end();
      if (aborts) return;
      const next = await stage.serverUnless(2);
      if (next === undefined) return;
      await next.got('\r\n\r\n');
      next.send(OK);
      next.end();
    }, { words: 'maxconn 1', aborts }]),
  ['a full queue', ['SQ--', '----', '----'], async (stage) => {
    const cookie = 'GET / HTTP/1.1\r\nHost: a\r\nCookie: c=1\r\n\r\n';
    const [first, server] = await stage.asked(cookie);
    const second = await stage.sent(cookie);
    await stage.reaches('s1', 'qcur', 1);
    const third = await stage.sent(cookie);
    await stage.logged(1);
    server.send(LAST);
    server.end();
    await first.got('ok');
    const next = await stage.server();
    await next.got('\r\n\r\n');
    next.send(OK);
    await second.got('ok');
    for (const client of [first, second, third]) client.end();
  }, { back: ['cookie c'], words: 'maxconn 1 maxqueue 1 cookie 1' }],

  ['the server ends', ['SH--'], answered('', 'ends')],
  ['the server resets', ['SH--'], answered('', 'resets')],
  ['the server ends in its head', ['SH--'], answered('HTTP/1.1 200 OK\r\nA', 'ends')],
  ['the server resets in its head', ['SH--'], answered('HTTP/1.1 200 OK\r\nA', 'resets')],
  ['the server says junk', ['PH--'], answered('SSH-2.0\r\n\r\n')],
  ['a head that is too long for a response', ['PH--'], answered(`HTTP/1.1 200 OK\r\na: ${'x'.repeat(20000)}\r\n\r\n`)],
  ['timeout server', ['sH--'], answered(''), back(`timeout server ${LONG}ms`)],
  ['timeout server in its head', ['sH--'], answered('HTTP/1.1 200 OK\r\nA'), back(`timeout server ${LONG}ms`)],
  ['an answer that takes its time', ['----'], async (stage) => { const [c, s] = await stage.asked(GET); await late(); s.send(OK); await c.got('ok'); c.end(); }],
  ['a body that takes its time', ['----'], async (stage) => { const [c, s] = await stage.asked(GET); s.send(OK.slice(0, -1)); await late(); s.send('k'); await c.got('ok'); c.end(); }],
  ['a request that takes its time', ['----'], async (stage) => { const c = await stage.sent(GET.slice(0, 20)); await late(); c.send(GET.slice(20)); const s = await stage.server(); await s.got('\r\n\r\n'); s.send(OK); await c.got('ok'); c.end(); }],
  ['a body of a request that takes its time', ['----'], async (stage) => { const [c, s] = await stage.asked(POST); await late(); c.send('abcde'); await s.got('abcde'); s.send(OK); await c.got('ok'); c.end(); }],
  ['a client that waits before its request', ['----'], async (stage) => { const c = await stage.client(); await late(); c.send(GET); const s = await stage.server(); await s.got('\r\n\r\n'); s.send(OK); await c.got('ok'); c.end(); }],
  ['100-continue', ['----'], async (stage) => { const [c, s] = await stage.asked(POST.replace('Host', 'Expect: 100-continue\r\nHost')); s.send('HTTP/1.1 100 Continue\r\n\r\n'); await c.got('\r\n\r\n'); c.send('abcde'); await s.got('abcde'); s.send(OK); await c.got('ok'); c.end(); }],
  ['103', ['----'], answered(`HTTP/1.1 103 Early\r\nLink: a\r\n\r\n${OK}`)],
  ['103, and an end', ['SH--'], answered('HTTP/1.1 103 Early\r\nLink: a\r\n\r\n', 'ends')],

  ['the server ends in a body', ['SD--'], answered(OK.slice(0, -1), 'ends')],
  ['the server resets in a body', ['SD--'], answered(OK.slice(0, -1), 'resets')],
  ['the server ends in chunks', ['SD--'], answered('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n', 'ends')],
  ['junk for a chunk', ['SD--'], async (stage) => {
    const [c, s] = await stage.asked(GET);
    s.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n');
    await c.got('ok');
    s.send('ZZ\r\n');
    await stage.logged(1);
    c.end();
  }],
  ['a body up to the end', ['----'], answered('HTTP/1.1 200 OK\r\n\r\nok', 'ends')],
  ['timeout server in a body', ['sD--'], answered(OK.slice(0, -1)), back(`timeout server ${LONG}ms`)],
  ['timeout server in a body up to the end', ['sD--'], answered('HTTP/1.1 200 OK\r\n\r\nok'), back(`timeout server ${LONG}ms`)],
  ...([['end', '----'], ['reset', 'CD--']] as const).map(([how, state]): Row => [`${how} in a body`, [state], async (stage) => {
    const [c, s] = await stage.asked(GET);
    s.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok');
    await c.got('ok');
    c[how]();
    await pause(30);
    s.send('abc');
    await pause(30);
    s.send('defgh');
    await stage.logged(1);
  }]),
  ['the client does not read', ['cD--'], async (stage) => {
    const [c, s] = await stage.asked(GET);
    c.socket.pause();
    s.send(`HTTP/1.1 200 OK\r\nContent-Length: 90000000\r\n\r\n`);
    s.socket.write(Buffer.alloc(60000000, 'x'));
    await stage.logged(1);
    c.reset();
  }, front(`timeout client ${LONG}ms`)],
  ...([['end', false, '----'], ['end', true, 'CH--'], ['reset', false, 'CD--'], ['reset', true, 'CD--']] as const).map(([how, aborts, state]): Row => [
    `${how} while it waits for the answer${aborts ? ', abortonclose' : ''}`, [state], async (stage) => {
      const [c, s] = await stage.asked(GET);
      c[how]();
      await pause(30);
      s.send(OK);
      await stage.logged(1);
    }, { aborts }]),

  ['the client stops in its body', ['sH--'], answered('', 'waits', `${POST}ab`), { front: [`timeout client ${LONG}ms`], back: [`timeout server ${2 * LONG}ms`] }],
  ['the client stops in its body, the server is impatient', ['sH--'], answered('', 'waits', `${POST}ab`), back(`timeout server ${LONG}ms`)],
  ['the client stops in chunks', ['sH--'], answered('', 'waits', `${CHUNKS}2\r\nab\r\n`), { front: [`timeout client ${LONG}ms`], back: [`timeout server ${2 * LONG}ms`] }],
  ...(['end', 'reset'] as const).flatMap((how) => [false, true].map((aborts): Row => [
    `${how} in its body${aborts ? ', abortonclose' : ''}`, ['CD--'], async (stage) => {
      const [c, s] = await stage.asked(`${POST}ab`);
      await s.got('ab');
      c[how]();
      await stage.logged(1);
    }, { aborts }])),
  ['no chunk', ['PH--'], async (stage) => { const [c] = await stage.asked(CHUNKS); c.send('ZZ\r\n'); await stage.logged(1); c.end(); }],
  ['no chunk, with the head', ['PR--'], sends(`${CHUNKS}ZZ\r\n`)],
  ['an answer before the body', ['----'], async (stage) => { const [c, s] = await stage.asked(`${POST}ab`); s.send(OK); await c.got('ok'); c.send('cde'); await stage.logged(1); c.end(); }],
  ['the server ends before the body', ['SH--'], async (stage) => { const [c, s] = await stage.asked(`${POST}ab`); s.end(); await pause(50); c.send('cde'); await stage.logged(1); c.end(); }],
  ['the server resets before the body', ['SD--'], async (stage) => { const [c, s] = await stage.asked(`${POST}ab`); s.reset(); await stage.logged(1); c.end(); }],
  ['the server answers and ends before the body', ['cD--'], async (stage) => { const [c, s] = await stage.asked(`${POST}ab`); s.send(OK); s.end(); await c.got('ok'); await stage.logged(1); c.end(); }, front(`timeout client ${LONG}ms`)],
  ['the server does not read', ['sD--'], async (stage) => {
    const c = await stage.sent('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000000\r\n\r\n');
    const s = await stage.server();
    s.socket.pause();
    c.socket.write(Buffer.alloc(60000000, 'x'));
    await stage.logged(1);
    c.reset();
  }, back(`timeout server ${LONG}ms`)],

  ['a tunnel that the client ends', ['----'], async (stage) => { const [c, s] = await stage.asked(UPGRADE); s.send(`${SWITCH}hi`); await c.got('hi'); c.send('ho'); await s.got('ho'); c.end(); await s.ended(); s.end(); }],
  ['a tunnel that the server ends', ['----'], async (stage) => { const [c, s] = await stage.asked(UPGRADE); s.send(`${SWITCH}hi`); await c.got('hi'); s.end(); await c.ended(); c.end(); }],
  ['a tunnel that the client resets', ['CD--'], async (stage) => { const [c, s] = await stage.asked(UPGRADE); s.send(`${SWITCH}hi`); await c.got('hi'); c.reset(); }],
  ['a tunnel that the server resets', ['SD--'], async (stage) => { const [c, s] = await stage.asked(UPGRADE); s.send(`${SWITCH}hi`); await c.got('hi'); s.reset(); await stage.logged(1); c.end(); }],
  ['a tunnel that is silent', ['cD--'], async (stage) => { const [c, s] = await stage.asked(UPGRADE); s.send(`${SWITCH}hi`); await c.got('hi'); await stage.logged(1); c.end(); }, back(`timeout tunnel ${LONG}ms`)],
  ['a tunnel that is silent, by timeout client', ['cD--'], async (stage) => { const [c, s] = await stage.asked(UPGRADE); s.send(`${SWITCH}hi`); await c.got('hi'); await stage.logged(1); c.end(); }, { front: [`timeout client ${LONG}ms`], back: [`timeout server ${2 * LONG}ms`] }],
  ['a tunnel that is silent, by timeout server', ['sD--'], async (stage) => { const [c, s] = await stage.asked(UPGRADE); s.send(`${SWITCH}hi`); await c.got('hi'); await stage.logged(1); c.end(); }, back(`timeout server ${LONG}ms`)],

  ['shutdown sessions server while the answer is awaited', ['KH--'], async (stage) => { const [c] = await stage.asked(GET); await stage.command('shutdown sessions server b$/s1'); await stage.logged(1); c.end(); }],
  ['shutdown sessions server in the body', ['KD--'], async (stage) => { const [c, s] = await stage.asked(GET); s.send(OK.slice(0, -1)); await c.got('\r\n\r\no'); await stage.command('shutdown sessions server b$/s1'); await stage.logged(1); c.end(); }],
  ['shutdown sessions server in a tunnel', ['K---'], async (stage) => { const [c, s] = await stage.asked(UPGRADE); s.send(`${SWITCH}hi`); await c.got('hi'); await stage.command('shutdown sessions server b$/s1'); await stage.logged(1); c.end(); }],
  ['shutdown sessions server in the request', ['K---'], async (stage) => { const [c] = await stage.asked(`${POST}ab`); await stage.command('shutdown sessions server b$/s1'); await stage.logged(1); c.end(); }],
  ['shutdown session while the answer is awaited', ['KH--'], async (stage) => { const [c] = await stage.asked(GET); await stage.command(`shutdown session ${await stage.session()}`); await stage.logged(1); c.end(); }],
  ['shutdown frontend', ['----']  , async (stage) => { const [c, s] = await stage.asked(GET); await stage.command('shutdown frontend f$'); s.send(OK); await stage.logged(1); c.end(); }],
  ['shutdown sessions server while it connects', ['K---'], async (stage) => { const c = await stage.sent(GET); await stage.reaches('s1', 'scur', 1); await stage.command('shutdown sessions server b$/s1'); await stage.logged(1); c.end(); }, { server: 'deaf' }],
];

/** What is asked and answered, whole: how large it is for HAProxy. */
// biome-ignore format: a message and its answer stand side by side, one pair a line
const MESSAGES: readonly (readonly [request: string, response: string, more?: Partial<Ending>])[] = [
  ['GET / HTTP/1.0\r\n\r\n', 'HTTP/1.0 200 OK\r\n\r\nabc'],
  ['GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n', OK],
  ['GET /some/path?query=1 HTTP/1.1\r\nHost: example.com:8080\r\nAccept: */*\r\nUser-Agent: x y\r\n\r\n', 'HTTP/1.1 200 Everything is fine\r\nServer: x\r\nContent-Length: 3\r\n\r\nabc'],
  ['GET / HTTP/1.1\r\nHost:a\r\nX-A: \t b \t\r\nX-Empty:\r\nX-Blank: \r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length:   2  \r\nX-A:b\r\nX-Empty:\r\n\r\nok'],
  ['GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
  ['GET / HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive\r\nKeep-Alive: 5\r\n\r\n', 'HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok'],
  ['GET / HTTP/1.1\r\nHost: a\r\nConnection: close, x-a\r\nX-A: b\r\n\r\n', OK],
  ['GET / HTTP/1.1\r\nHost: a\r\nConnection: x-a,  x-b\r\nX-A: b\r\n\r\n', OK],
  ['GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\nConnection: x-a\r\n\r\n', OK],
  ['GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE, keep-alive\r\n\r\n', OK],
  ['GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1; b=2\r\nCookie: c=3\r\n\r\n', 'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nok'],
  ['\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', OK],
  ['GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n', OK],
  ['OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', OK],
  ['HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n'],
  ['HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  [GET, 'HTTP/1.1 204 No Content\r\n\r\n'],
  [GET, 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n'],
  [GET, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n'],
  [GET, 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok'],
  [GET, 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok'],
  [GET, 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  [GET, 'HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n'],
  [GET, `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x\r\n\r\nHTTP/1.1 103 More\r\n\r\n${OK}`],
  ['GET / HTTP/1.0\r\nHost: a\r\n\r\n', `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`],
  [GET, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
  [GET, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\na\r\n00a\r\n0123456789\r\n0\r\n\r\n'],
  [GET, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-A:  b \r\nX-C: d\r\n\r\n'],
  ['GET / HTTP/1.0\r\nHost: a\r\n\r\n', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
  [`${POST}abcde`, OK],
  ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n', OK],
  [`${CHUNKS}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`, OK],
  [`${CHUNKS}3\r\nabc\r\n0\r\nX-A: b\r\n\r\n`, OK],
  ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n', OK],
  [GET, 'HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok', { front: ['http-request set-header X-Long 0123456789', 'http-response del-header X-A', 'option forwardfor'], back: ['http-response add-header X-B c', 'http-request set-path /other'] }],
];

/** What the proxy answers by itself, by a line of the frontend. */
// biome-ignore format: a request and the line that answers it stand side by side
const REPLIES: readonly (readonly [request: string, line: string])[] = [
  ...[200, 400, 403, 404, 405, 408, 410, 413, 425, 429, 500, 501, 502, 503, 504].map((status) => [GET, `http-request deny deny_status ${status}`] as const),
  ['HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', 'http-request deny'],
  ['GET / HTTP/1.0\r\n\r\n', 'http-request deny'],
  [CLOSE, 'http-request deny'],
  ['HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', 'http-request return status 200 content-type text/plain string hello'],
  [GET, 'http-request return status 304 hdr x-a b'],
  [GET, 'http-request return status 404 default-errorfiles'],
  [GET, 'http-request redirect location https://example.com/%[path] code 301'],
  [GET, 'http-request redirect prefix /x set-cookie a=1'],
  ['HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', 'http-request redirect location /b code 307'],
];

const whole: readonly Ending[] = [
  ...MESSAGES.map(
    ([request, response, more]): Ending => ({
      name: `the size of ${JSON.stringify(request)} and ${JSON.stringify(response)}`,
      states: ['----'],
      play: answered(response, 'ends', request),
      ...more,
    }),
  ),
  ...REPLIES.map(
    ([request, line]): Ending => ({
      name: `the size of the answer to ${JSON.stringify(request.slice(0, 20))} by ${line}`,
      states: [/ (redirect|return) /.test(line) ? 'LR--' : 'PR--'],
      play: sends(request),
      front: [line],
    }),
  ),
];

/** What Fairlead does otherwise, by the name of the story. */
// biome-ignore format: a story and what is otherwise in it stand on one line, as in HAProxy's log
const OTHERWISE: ReadonlyMap<string, NonNullable<Ending['ours']>> = new Map([
  ['retry-on 404: what was not sent is not counted', { why: 'a retry is one retry', counters: { s1: 'stot 3 bin 38 bout 51 wretr 2 lbtot 1 req_tot 1 connect 3 hrsp_2xx 1', BACKEND: 'stot 1 bin 38 bout 51 wretr 2 lbtot 1 req_tot 1 connect 3 hrsp_2xx 1' } }],
  ['tarpit, and the client resets', { why: 'nobody is kept waiting who has gone', log: ['<NOSRV> 500 208 PT-- -/0/-/-/0 0/0/0 0/0 GET / HTTP/1.1 0/0/-/-/0/0 38'] }],
  ['a reset while it connects', { why: 'who has gone needs no server', log: ['s1 -1 0 CC-- 0/0/-/-/0 0/0/0 0/0 GET / HTTP/1.1 0/0/0/-/0/0 38'], counters: { FRONTEND: 'stot 1 bin 38 req_tot 1 conn_tot 1 hrsp_other 1', s1: 'stot 1 bin 38 lbtot 1 connect 1', BACKEND: 'stot 1 bin 38 lbtot 1 req_tot 1 connect 1 hrsp_other 1' } }],
  ['reset in the queue', { why: 'who has gone needs no server', log: ['<NOSRV> -1 0 CQ-- 0/0/-/-/0 1/0/0 0/1 GET / HTTP/1.1 0/0/0/-/0/0 38', 's1 200 51 ---- 0/0/0/0/0 0/0/0 0/0 GET / HTTP/1.1 0/0/0/0/0/0 38'], counters: { FRONTEND: 'stot 2 bin 76 bout 51 req_tot 2 conn_tot 2 hrsp_2xx 1 hrsp_other 1', s1: 'stot 1 bin 38 bout 51 lbtot 1 req_tot 1 connect 1 hrsp_2xx 1', BACKEND: 'stot 2 bin 76 bout 51 lbtot 1 req_tot 2 cli_abrt 1 connect 1 qmax 1 hrsp_2xx 1 hrsp_other 1' } }],
  ['the server resets', { why: 'a reset is one error', counters: { s1: 'stot 1 bin 38 bout 209 eresp 1 lbtot 1 connect 1', BACKEND: 'stot 1 bin 38 bout 209 eresp 1 lbtot 1 req_tot 1 connect 1 hrsp_5xx 1' } }],
  ['the server resets in its head', { why: 'a reset is one error', counters: { s1: 'stot 1 bin 38 bout 209 eresp 1 lbtot 1 connect 1', BACKEND: 'stot 1 bin 38 bout 209 eresp 1 lbtot 1 req_tot 1 connect 1 hrsp_5xx 1' } }],
  ['reset in a body', { why: 'who has gone needs no answer', log: ['s1 200 52 CD-- 0/0/0/0/0 0/0/0 0/0 GET / HTTP/1.1 0/0/0/0/0/0 38'], counters: { FRONTEND: 'stot 1 bin 38 bout 52 req_tot 1 conn_tot 1 hrsp_2xx 1', s1: 'stot 1 bin 38 bout 52 lbtot 1 req_tot 1 cli_abrt 1 connect 1 hrsp_2xx 1', BACKEND: 'stot 1 bin 38 bout 52 lbtot 1 req_tot 1 cli_abrt 1 connect 1 hrsp_2xx 1' } }],
  ['reset while it waits for the answer', { why: 'who has gone needs no answer', log: ['s1 -1 0 CD-- 0/0/0/-/0 0/0/0 0/0 GET / HTTP/1.1 0/0/0/-/0/0 38'], counters: { FRONTEND: 'stot 1 bin 38 req_tot 1 conn_tot 1 hrsp_other 1', s1: 'stot 1 bin 38 lbtot 1 cli_abrt 1 connect 1', BACKEND: 'stot 1 bin 38 lbtot 1 req_tot 1 cli_abrt 1 connect 1 hrsp_other 1' } }],
  ['the client stops in its body', { why: 'the manual\'s cD: its own time-out is shorter than the server\'s', log: ['s1 408 232 cD-- 0/0/0/-/+ 0/0/0 0/0 POST / HTTP/1.1 0/0/0/-/+/+ 56'], counters: { FRONTEND: 'stot 1 bin 56 bout 232 req_tot 1 conn_tot 1 hrsp_4xx 1', s1: 'stot 1 bin 56 bout 232 lbtot 1 connect 1', BACKEND: 'stot 1 bin 56 bout 232 lbtot 1 req_tot 1 connect 1 hrsp_4xx 1' } }],
  ['the client stops in chunks', { why: 'the manual\'s cD: its own time-out is shorter than the server\'s', log: ['s1 408 232 cD-- 0/0/0/-/+ 0/0/0 0/0 POST / HTTP/1.1 0/0/0/-/+/+ 65'], counters: { FRONTEND: 'stot 1 bin 65 bout 232 req_tot 1 conn_tot 1 hrsp_4xx 1', s1: 'stot 1 bin 65 bout 232 lbtot 1 connect 1', BACKEND: 'stot 1 bin 65 bout 232 lbtot 1 req_tot 1 connect 1 hrsp_4xx 1' } }],
  ['no chunk, with the head', { why: 'a body is read when there is a server for it', log: ['s1 400 206 PH-- 0/0/0/-/0 0/0/0 0/0 POST / HTTP/1.1 0/0/0/-/0/0 63'], counters: { FRONTEND: 'stot 1 bin 63 bout 206 ereq 1 req_tot 1 conn_tot 1 hrsp_4xx 1', s1: 'stot 1 bin 63 bout 206 lbtot 1 connect 1', BACKEND: 'stot 1 bin 63 bout 206 lbtot 1 req_tot 1 connect 1 hrsp_4xx 1' } }],
  ['an answer before the body', { why: 'nobody waits for the rest of a body that was answered', log: ['s1 200 51 ---- 0/0/0/0/0 0/0/0 0/0 POST / HTTP/1.1 0/0/0/0/0/0 56'], counters: { FRONTEND: 'stot 1 bin 56 bout 51 req_tot 1 conn_tot 1 hrsp_2xx 1', s1: 'stot 1 bin 56 bout 51 lbtot 1 req_tot 1 connect 1 hrsp_2xx 1', BACKEND: 'stot 1 bin 56 bout 51 lbtot 1 req_tot 1 connect 1 hrsp_2xx 1' } }],
  ['the server resets before the body', { why: 'the client is told', log: ['s1 502 209 SH-- 0/0/0/-/0 0/0/0 0/0 POST / HTTP/1.1 0/0/0/-/0/0 56'], counters: { FRONTEND: 'stot 1 bin 56 bout 209 req_tot 1 conn_tot 1 hrsp_5xx 1', s1: 'stot 1 bin 56 bout 209 eresp 1 lbtot 1 connect 1', BACKEND: 'stot 1 bin 56 bout 209 eresp 1 lbtot 1 req_tot 1 connect 1 hrsp_5xx 1' } }],
  ['the server answers and ends before the body', { why: 'nobody waits for the rest of a body that was answered', log: ['s1 200 51 ---- 0/0/0/0/0 0/0/0 0/0 POST / HTTP/1.1 0/0/0/0/0/0 56'], counters: { s1: 'stot 1 bin 56 bout 51 lbtot 1 req_tot 1 connect 1 hrsp_2xx 1', BACKEND: 'stot 1 bin 56 bout 51 lbtot 1 req_tot 1 connect 1 hrsp_2xx 1' } }],
  ['the server does not read', { why: 'the client is told', log: ['s1 504 198 sD-- 0/0/0/-/+ 0/0/0 0/0 POST / HTTP/1.1 0/0/0/-/+/+ many'], counters: { FRONTEND: 'stot 1 bin many bout 198 req_tot 1 conn_tot 1 hrsp_5xx 1', s1: 'stot 1 bin many bout 198 lbtot 1 srv_abrt 1 connect 1', BACKEND: 'stot 1 bin many bout 198 lbtot 1 req_tot 1 srv_abrt 1 connect 1 hrsp_5xx 1' } }],
  ['shutdown sessions server while it connects', { why: 'the client is told', log: ['s1 503 217 KC-- 0/0/-/-/0 0/0/0 0/0 GET / HTTP/1.1 0/0/0/-/0/0 38'], counters: { FRONTEND: 'stot 1 bin 38 bout 217 req_tot 1 conn_tot 1 hrsp_5xx 1', s1: 'stot 1 bin 38 bout 217 econ 1 lbtot 1 connect 1', BACKEND: 'stot 1 bin 38 bout 217 econ 1 lbtot 1 req_tot 1 connect 1 hrsp_5xx 1' } }],
]);

/** None of them has lost its story. */
export const DEVIATING: readonly string[] = [...OTHERWISE.keys()];

export const ENDINGS: readonly Ending[] = [...rows.map(([name, states, play, more]) => ({ name, states, play, ...more })), ...whole].map(
  (ending) => {
    const ours = OTHERWISE.get(ending.name);
    return ours === undefined ? ending : { ...ending, ours };
  },
);
