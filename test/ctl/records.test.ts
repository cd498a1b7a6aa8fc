/** Answers of the Runtime API as records and as tables, by their shape. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAnswer, splitCsv } from '../../src/ctl/records.ts';
import { harmlessJson, tableOf } from '../../src/ctl/table.ts';

const cases: readonly (readonly [what: string, text: string, parsed: unknown])[] = [
  [
    'statistics, with their quotes',
    '# pxname,svname,scur,last_chk,-,\nweb,FRONTEND,3,,-,\napp,s1,0,"Bad, ""really"" bad",-,',
    [
      { pxname: 'web', svname: 'FRONTEND', scur: 3, last_chk: '' },
      { pxname: 'app', svname: 's1', scur: 0, last_chk: 'Bad, "really" bad' },
    ],
  ],
  [
    'typed statistics, whose names may look like numbers',
    'F.2.0.0.pxname.1:KNS:str:007\nF.2.0.4.scur.1:MGP:u32:1\nS.3.1.0.pxname.1:KNS:str:a:b',
    [{ pxname: '007', scur: 1 }, { pxname: 'a:b' }],
  ],
  ['a typed process', '0.Name.1:POS:str:HAProxy\n8.Uptime_sec.1:MDP:flt:1.5', { Name: 'HAProxy', Uptime_sec: 1.5 }],
  ['names and values', 'Name: HAProxy\nPid: 7\nUptime: 0d 0h00m01s', { Name: 'HAProxy', Pid: 7, Uptime: '0d 0h00m01s' }],
  ['the environment', 'HOME=/root\nEMPTY=', { HOME: '/root', EMPTY: '' }],
  [
    'states of servers, behind their version',
    '1\n# be_id be_name srv_addr\n4 app 127.0.0.1',
    [{ be_id: 4, be_name: 'app', srv_addr: '127.0.0.1' }],
  ],
  ['a list of names', '# name\napp\n1.5', [{ name: 'app' }, { name: '1.5' }]],
  [
    'processes of a master',
    '#<PID>          <type>          <reloads>       <uptime>        <version>      \n7               master          1 [failed: 0]   0d00h46m35s     2.6.12\n# workers\n9               worker          0               0d00h20m02s     2.6.12\n# programs',
    [
      { PID: 7, type: 'master', reloads: '1 [failed: 0]', uptime: '0d00h46m35s', version: '2.6.12' },
      { PID: 9, type: 'worker', reloads: 0, uptime: '0d00h20m02s', version: '2.6.12' },
    ],
  ],
  ['a heading alone', '# id (file) description', []],
  ['what has no shape', 'IP changed from 1 to 2', { text: 'IP changed from 1 to 2' }],
  [
    'tables',
    '# table: t, type: ip, size:100, used:2\n# table: u, type: string, size:5, used:0',
    [
      { table: 't', type: 'ip', size: 100, used: 2 },
      { table: 'u', type: 'string', size: 5, used: 0 },
    ],
  ],
  [
    'entries of a table, whose keys may have blanks',
    '# table: t, type: string, size:100, used:1\n0x0001: key=a\\ b\\=c use=0 exp=5 http_req_rate(10000)=3',
    [{ id: '0x0001', key: 'a\\ b\\=c', use: 0, exp: 5, 'http_req_rate(10000)': 3 }],
  ],
  [
    'sessions',
    '0x5f: proto=tcpv4 src=127.0.0.1:5 fe=web be=<NONE> rq[f=1h,i=0] scf=[8,0h,fd=5] exp= rc=0 c_exp=',
    [
      {
        id: '0x5f',
        proto: 'tcpv4',
        src: '127.0.0.1:5',
        fe: 'web',
        be: '<NONE>',
        rq: '[f=1h,i=0]',
        scf: '[8,0h,fd=5]',
        exp: '',
        rc: 0,
        c_exp: '',
      },
    ],
  ],
  [
    'values with what they mean',
    'Nbthread: 1:"Threads"\nname: a:b:"Whose"',
    [
      { name: 'Nbthread', value: 1, description: 'Threads' },
      { name: 'name', value: 'a:b', description: 'Whose' },
    ],
  ],
  ['typed values with what they mean', '3.Nbthread.1:CGS:u32:1:"Threads"', [{ name: 'Nbthread', value: 1, description: 'Threads' }]],
  ['typed statistics with what they mean', 'F.2.0.4.scur.1:MGP:u32:1:"Sessions"', [{ scur: 1 }]],
  [
    'typed statistics of name servers',
    'N.0.id:CGP:str:dns1\nN.1.pid:CGP:str:default\nN.2.sent:MGP:u64:3\nN.0.id:CGP:str:dns2\nN.1.pid:CGP:str:default\nN.2.sent:MGP:u64:0',
    [
      { id: 'dns1', pid: 'default', sent: 3 },
      { id: 'dns2', pid: 'default', sent: 0 },
    ],
  ],
  [
    'maps and ACLs',
    "# id (file) description\n0 () acl 'path' file '/etc/a.cfg' line 12. curr_ver=0 next_ver=1 entry_cnt=2\n1 (/etc/a.map) pattern loaded from file '/etc/a.map'.",
    [
      { id: 0, file: '', description: "acl 'path' file '/etc/a.cfg' line 12", curr_ver: 0, next_ver: 1, entry_cnt: 2 },
      { id: 1, file: '/etc/a.map', description: "pattern loaded from file '/etc/a.map'", curr_ver: '', next_ver: '', entry_cnt: '' },
    ],
  ],
  ['what an ACL does not find', 'type=str, case=sensitive, match=no', [{ type: 'str', case: 'sensitive', match: 'no' }]],
  [
    'what a map finds',
    'type=str, case=sensitive, found=yes, idx=tree, key="a, b", value="c\\"d", type="ip"',
    [{ type: 'str', case: 'sensitive', found: 'yes', idx: 'tree', key: 'a, b', value: 'c\\"d', value_type: 'ip' }],
  ],
  ['the environment, whose values may have commas', 'TYPE=a, case=b', { TYPE: 'a, case=b' }],
  ['nothing', '', { text: '' }],
];

describe('an answer is read by its shape:', () => {
  for (const [what, text, expected] of cases) {
    it(what, () => {
      const parsed = parseAnswer(text);
      const read = parsed.kind === 'rows' ? parsed.rows : parsed.kind === 'record' ? parsed.record : { text: parsed.text };
      assert.deepEqual(read, expected);
    });
  }
  it('cells of a line, however they end', () => assert.deepEqual(splitCsv('a,"b,""c",,d,'), ['a', 'b,"c', '', 'd']));
});

describe('a table', () => {
  const statistics = '# pxname,svname,scur,qcur,status,iid,\nweb,FRONTEND,12,0,OPEN,3,\napp,s1,3,0,DOWN,4,';
  it('is aligned, and leaves out what nobody has', () =>
    assert.equal(
      tableOf(parseAnswer(statistics), false),
      'pxname  svname    scur  status\nweb     FRONTEND    12  OPEN\napp     s1           3  DOWN\n',
    ));
  it('shows states in their colours', () => {
    const text = tableOf(parseAnswer(statistics), true);
    assert.ok(text.includes('\u001b[32mOPEN'), text);
    assert.ok(text.includes('\u001b[31mDOWN'), text);
  });
  it('of names and values is aligned, too', () => assert.equal(tableOf(parseAnswer('A: 1\nLonger: x'), false), 'A       1\nLonger  x\n'));
  it('may have very many lines', () => {
    const text = `# name\n${'a\n'.repeat(200_000)}`;
    assert.equal(tableOf(parseAnswer(text), false).length, 'name\n'.length + 2 * 200_000);
  });
  it('says nothing of nothing', () => assert.equal(tableOf(parseAnswer(''), true), ''));
  it('lets nobody speak to the terminal', () =>
    assert.equal(tableOf(parseAnswer('a\x1b[2Jb\x07\x9b\u202ec\u2066\u2028'), false), 'a?[2Jb???c??\n'));
});

describe('data', () => {
  it('does not speak to the terminal either, and is the same data', () => {
    const value = { 'a\x9b': 'b\u202e\x7f\u2029\u{e0001}\x1b"\n' };
    const text = harmlessJson(value);
    assert.match(text, /^[ -~]+$/);
    assert.deepEqual(JSON.parse(text), value);
  });
});
