/** `stats/`: the line that an exchange leaves behind. */

import assert from 'node:assert/strict';
import { Frontend } from '../../src/proxy/frontend.ts';
import { Program } from '../../src/proxy/program.ts';
import type { AccessRecord } from '../../src/proxy/types.ts';
import { httpLine } from '../../src/stats/access-log.ts';
import { backendOf, load, section } from './setup.ts';
import { type Entry, entry } from './subject.ts';

const configuration = `
frontend www
    bind 127.0.0.1:80
    default_backend app
backend app
    server w1 127.0.0.1:8080
`;

const target = '/shop/items?page=3&order=price';
const rest = `www app/w1 0/0/0/1/1 200 154 - - ---- 64/64/12/6/0 0/0 "GET ${target} HTTP/1.1"`;

function recordOf(wallStart: number): AccessRecord {
  const sections = load(configuration);
  const { config, rules } = section(sections, 'www');
  const { backend, servers } = backendOf(section(sections, 'app'));
  return {
    clientAddress: '192.0.2.7',
    clientPort: 54610,
    wallStart,
    wallReady: wallStart,
    frontend: new Frontend(new Program(config, rules, 15360)),
    backend,
    server: servers[0],
    noServer: '<NOSRV>',
    timeRequest: 0,
    timeQueue: 0,
    timeConnect: 0,
    timeResponse: 1,
    timeActive: 1,
    timeTotal: 1,
    status: 200,
    bytesToClient: 154,
    bytesFromClient: 76,
    termination: '----',
    actconn: 64,
    feconn: 64,
    beconn: 12,
    srvconn: 6,
    retries: 0,
    redispatched: false,
    serverQueue: 0,
    backendQueue: 0,
    requestLine: `GET ${target} HTTP/1.1`,
  };
}

/** Where the line is written: a string is not made flat before somebody reads it. */
const slab = Buffer.alloc(2048);

export const stats: readonly Entry[] = [
  entry('stats: a line of option httplog, written to a buffer', () => {
    const record = recordOf(new Date(2026, 10, 21, 9, 30, 24, 285).getTime());
    return {
      op: () => slab.write(httpLine(record), 0, 'latin1'),
      verify: (size) => {
        const line = slab.toString('latin1', 0, size);
        assert.match(line, /^192\.0\.2\.7:54610 \[21\/Nov\/2026:09:30:24\.\d{3}\] /);
        assert.equal(line.slice(line.indexOf('] ') + 2), rest);
      },
    };
  }),
];
