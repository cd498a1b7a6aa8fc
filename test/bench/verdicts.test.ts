/** What the benchmarks conclude from their figures. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { differences, fails, judge, parseRecord } from '../../bench/check/record.ts';
import { readAbReport, readH2Report, readReport } from '../../bench/measure.ts';
import { readOptions } from '../../bench/options.ts';
import { scenarios, wrkScript } from '../../bench/scenarios.ts';
import { growth } from '../../bench/soak/growth.ts';
import { median, quantile } from '../../bench/statistics.ts';
import { medians, table } from '../../bench/table.ts';

const round = (microsPerRequest: number, invalid?: string) => ({
  microsPerRequest,
  requestsPerSecond: 1000,
  p99Millis: 1,
  residentMebibytes: 10,
  invalid,
});

describe('bench:check', () => {
  const cases: readonly (readonly [recorded: number | undefined, measured: number, verdict: string, fails: boolean])[] = [
    [1, 1, 'as recorded', false],
    [1, 1.09, 'as recorded', false],
    [1, 1.11, 'worse', true],
    [2, 2.21, 'worse', true],
    [1, 0.92, 'as recorded', false],
    [1, 0.9, 'better', false],
    [undefined, 1, 'not recorded', true],
    [1, Number.NaN, 'not measured', true],
    [undefined, Number.NaN, 'not measured', true],
  ];
  for (const [recorded, measured, verdict, bad] of cases) {
    it(`calls ${measured} after ${recorded ?? 'nothing'} ${verdict}`, () => {
      const judged = judge(recorded, measured);
      assert.equal(judged, verdict);
      assert.equal(fails(judged), bad);
    });
  }

  it('reads its own record and refuses anything else', () => {
    const record = { machine: '2 × CPU', versions: { haproxy: '2.6' }, ratios: { small: 1.1 } };
    assert.deepEqual(parseRecord(JSON.stringify(record)), record);
    const broken = [
      '',
      'null',
      '[]',
      '{}',
      JSON.stringify({ ...record, ratios: { small: 'fast' } }),
      JSON.stringify({ ...record, machine: 1 }),
    ];
    for (const text of broken) assert.throws(() => parseRecord(text), /record anew/, text);
  });

  it('names what is not as it was when the record was made', () => {
    const record = { machine: 'a', versions: { haproxy: '2.6', fairlead: '1' }, ratios: {} };
    assert.deepEqual(differences(record, record), []);
    assert.deepEqual(differences(record, { machine: 'b', versions: { haproxy: '2.8', fairlead: '1' } }), [
      'machine: recorded on a, now b',
      'haproxy: recorded on 2.6, now 2.8',
    ]);
  });
});

describe('bench:soak', () => {
  it('sees memory that climbs through the noise of collections', () => {
    const climbing = Array.from({ length: 96 }, (_, at) => ({ seconds: 5 * at, mebibytes: 80 + at / 5 + 6 * (at % 3) }));
    const flat = climbing.map(({ seconds }, at) => ({ seconds, mebibytes: 80 + 6 * (at % 3) }));
    assert.ok(Math.abs(growth(climbing) - 19) < 0.5, `${growth(climbing)}`);
    assert.ok(Math.abs(growth(flat)) < 0.5, `${growth(flat)}`);
  });

  it('says nothing of a run with too few samples', () => {
    assert.ok(Number.isNaN(growth([])));
    assert.ok(
      Number.isNaN(
        growth([
          { seconds: 0, mebibytes: 1 },
          { seconds: 5, mebibytes: 90 },
        ]),
      ),
    );
  });
});

describe('bench', () => {
  it('takes medians of the rounds that count, and ratios of medians', () => {
    const rounds = [round(10), round(30), round(12), round(900, 'Socket errors')];
    assert.equal(medians(rounds).micros, 12);
    const text = table(
      new Map([
        ['fairlead', rounds],
        ['haproxy', [round(8)]],
      ]),
    );
    assert.match(text, /^\| fairlead \| 12\.0 \| 1\.50 \|.*\| 3 of 4 \|$/m);
    assert.match(text, /^\| haproxy \| 8\.0 \| 1\.00 \|/m);
  });

  it('leaves ratios out where there is nothing to compare with', () => {
    assert.match(table(new Map([['fairlead', [round(10)]]])), /^\| fairlead \| 10\.0 \| - \|/m);
  });

  it('interpolates quantiles', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.equal(quantile([10, 20, 30, 40, 50], 0.75), 40);
    assert.ok(Number.isNaN(median([])));
  });

  it('reads what wrk says, and why a round does not count', () => {
    const said = `Running 2s test @ http://127.0.0.1:1/
  Latency Distribution
     50%  812.00us
     99%    1.91ms
  139222 requests in 2.00s, 21.24MB read
Requests/sec:  69611.07
`;
    assert.deepEqual(readReport(said), { requests: 139222, perSecond: 69611.07, p99Millis: 1.91, complaint: undefined });
    const errors = '  Socket errors: connect 0, read 3, write 0, timeout 0';
    assert.equal(readReport(`${said}${errors}\n`).complaint, errors.trim());
    assert.equal(readReport(`${said}  Non-2xx or 3xx responses: 7\n`).complaint, 'Non-2xx or 3xx responses: 7');
    assert.equal(readReport('  0 requests in 2.00s, 0.00B read\n').complaint, 'no request was answered');
  });

  it('reads what h2load reports, and what makes a round count for nothing', () => {
    const said = `
finished in 3.00s, 95949.33 req/s, 9.44MB/s
requests: 287848 total, 287912 started, 287848 done, 287848 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 287848 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 28.32MB (29697304) total
`;
    assert.deepEqual(readH2Report(said), { requests: 287848, perSecond: 95949.33, p99Millis: Number.NaN, complaint: undefined });
    const refused = said.replace('287848 2xx, 0 3xx, 0 4xx', '287841 2xx, 0 3xx, 7 4xx');
    assert.match(readH2Report(refused).complaint ?? '', /^requests: .*; status codes: 287841 2xx, 0 3xx, 7 4xx, 0 5xx$/);
    assert.match(readH2Report(said.replace('0 errored', '2 errored')).complaint ?? '', /2 errored/);
    assert.equal(readH2Report('connection refused\n').complaint, 'no request was answered');
  });

  it('reads what ab reports', () => {
    const said = `
Complete requests:      8195
Failed requests:        0
Requests per second:    2048.63 [#/sec] (mean)
  90%     17
  99%     25
 100%     61 (longest request)
`;
    assert.deepEqual(readAbReport(said), { requests: 8195, perSecond: 2048.63, p99Millis: 25, complaint: undefined });
    assert.equal(
      readAbReport(said.replace('Failed requests:        0', 'Failed requests:        3')).complaint,
      'Failed requests:        3',
    );
    assert.equal(readAbReport(`${said}Non-2xx responses:      8195\n`).complaint, 'Non-2xx responses:      8195');
    assert.equal(readAbReport('apr_socket_connect(): Connection refused (111)\n').complaint, 'no request was answered');
  });

  it('knows which options go together', () => {
    assert.deepEqual(readOptions([]).scenarios, scenarios);
    assert.deepEqual(
      readOptions(['--latency']).scenarios.map(({ name }) => name),
      ['small', 'httplog'],
    );
    assert.deepEqual(readOptions(['--latency', '--share', '25,75']).shares, [25, 75]);
    assert.equal(readOptions(['--idle', '10000']).idle, 10_000);
    const refused: readonly (readonly [args: readonly string[], RegExp])[] = [
      [['--latency', '--idle', '5'], /one at a time/],
      [['--share', '50'], /belong to --latency/],
      [['--rate', '50'], /belong to --latency/],
      [['--latency', '--only', 'connect'], /that it uses again/],
      [['--latency', '--only', 'h2'], /in clear text/],
      [['--only', 'smal'], /no 'smal'; there are small, /],
      [['--rounds', '0'], /whole number above 0/],
    ];
    for (const [args, message] of refused) assert.throws(() => readOptions(args), message);
  });

  it('tells wrk about bodies and connections, and nothing about a plain GET', () => {
    const script = (name: string) => wrkScript(scenarios.find((scenario) => scenario.name === name)!);
    assert.equal(script('small'), '');
    assert.match(script('post'), /^wrk\.method = "POST"\nwrk\.body = string\.rep\("x", 16384\)\n/);
    assert.equal(script('connect'), 'wrk.headers["Connection"] = "close"\n');
  });
});
