import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonic } from '../../src/core/clock.ts';
import { csv, quote } from '../../src/stats/csv.ts';
import { EVERYTHING, rowsOf } from '../../src/stats/rows.ts';
import { parseStats } from '../support/stats.ts';
import { CHECK, makeListen, proxyConfig, serverConfig } from './objects.ts';

/** What HAProxy 1.7 had: its readers know no other. */
const OLD =
  '# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck,chkfail,chkdown,' +
  'lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,rate_max,check_status,check_code,check_duration,hrsp_1xx,' +
  'hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,hanafail,req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt,comp_in,comp_out,comp_byp,' +
  'comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,rtime,ttime,';

const at = { now: monotonic(), legends: false, counts: false };

const joined = (pieces: Iterable<string>): string => [...pieces].join('');

test('the header begins with the columns that readers of HAProxy 1.7 know, and ends with the mark', () => {
  const header = joined(csv([], at));
  assert.ok(header.startsWith(OLD));
  assert.ok(header.endsWith(',agg_check_status,-,\n'));
});

test('every line has as many columns as the header', () => {
  const text = joined(csv(rowsOf(makeListen('app', [serverConfig('a'), serverConfig('b', { check: CHECK })]), EVERYTHING), at));
  const lines = text.trimEnd().split('\n');
  assert.equal(lines.length, 5);
  for (const line of lines) {
    assert.equal(line.split(',').length, 105, line);
    assert.ok(line === lines[0] || line.endsWith(',-,'), line);
  }
});

test('an idle listen reads as HAProxy writes it', () => {
  const { frontend, backend } = makeListen('http-in', [serverConfig('w1', { maxconn: 32 })], { id: 1, maxconn: 2000, fullconn: 200 });
  const text = joined(csv(rowsOf({ name: 'http-in', frontend, backend }, EVERYTHING), at));
  const [, front, server, back] = text.split('\n');
  assert.equal(
    front,
    'http-in,FRONTEND,,,0,0,2000,0,0,0,0,0,0,,,,,OPEN,,,,,,,,,1,1,0,,,,0,0,0,0,,,,0,0,0,0,0,0,,0,0,0,,,0,0,0,0,,,,,,,,,,,,,,,,,,,,,' +
      'http,,0,0,0,0,0,0,0,,,0,0,,,,,,,0,,,,,,,,,-,',
  );
  assert.equal(
    server,
    'http-in,w1,0,0,0,0,32,0,0,0,,0,,0,0,0,0,no check,1,1,0,,,0,,,1,1,1,,0,,2,0,,0,,,,0,0,0,0,0,0,,,,0,0,0,,,,,-1,,,0,0,0,0,,,,,,,,,,,,,,' +
      'http,,,,,,,,0,0,0,,,0,,0,0,0,0,0,0,0,0,0,1,,,,-,',
  );
  assert.equal(
    back,
    'http-in,BACKEND,0,0,0,0,200,0,0,0,0,0,,0,0,0,0,UP,1,1,0,,0,0,0,,1,1,0,,0,,1,0,,0,,,,0,0,0,0,0,0,,,,0,0,0,0,0,0,0,-1,,,0,0,0,0,,,,,,,,,' +
      ',,,,,http,,,,,,,,0,0,0,0,0,,,0,0,0,0,0,,,,,1,0,0,0,-,',
  );
});

test('values are quoted where they must be, as RFC 4180 says', () => {
  assert.equal(quote('Layer7 check passed'), 'Layer7 check passed');
  assert.equal(quote('Bad, "really" <b>x'), '"Bad, ""really"" <b>x"');
  assert.equal(quote('a\nb,\x1b[2J'), '"a\\nb,\\x1b[2J"');
});

test('readers that go by names find the values', () => {
  const { backend } = makeListen('app', [serverConfig('a')]);
  assert.ok(backend?.servers[0]);
  backend.servers[0].counters.stot = 7;
  const config = proxyConfig('app', 'backend');
  const rows = parseStats(joined(csv(rowsOf({ name: config.name, frontend: undefined, backend }, EVERYTHING), at)));
  assert.deepEqual(
    rows.map((row) => [row.svname, row.stot, row['-']]),
    [
      ['a', '7', '-'],
      ['BACKEND', '0', '-'],
    ],
  );
});
