/** `stats/`: the line that an exchange leaves behind. */

import assert from 'node:assert/strict';
import { HTTPLOG } from '../../src/config/keywords/log-style.ts';
import { Head } from '../../src/http/head.ts';
import { Frontend } from '../../src/proxy/frontend.ts';
import { Program } from '../../src/proxy/program.ts';
import type { AccessRecord } from '../../src/proxy/types.ts';
import { httpLine } from '../../src/stats/access-log.ts';
import { contextOf, load, plainFacts, section } from './setup.ts';
import { type Entry, entry } from './subject.ts';

const configuration = `
defaults
    mode http
    log 127.0.0.1:9 local0
    timeout client 10s
    timeout connect 10s
    timeout server 10s
frontend www
    bind 127.0.0.1:80
    log-format "${HTTPLOG}"
    default_backend app
backend app
    server w1 127.0.0.1:8080
`;

const rest = `www app/w1 0/0/0/1/1 200 154 - - ---- 64/64/12/6/0 0/0 "${plainFacts.requestLine}"`;

function recordOf(wallStart: number): AccessRecord {
  const { config, rules } = section(load(configuration), 'www');
  const facts = { ...plainFacts, wallStart, wallReady: wallStart };
  const context = contextOf(new Head(), { backend: 'app', server: 'w1', facts });
  return { ...facts, frontend: new Frontend(new Program(config, rules, 15360)), context, unread: false };
}

/** Where the line is written: a string is not made flat before somebody reads it. */
const slab = Buffer.alloc(2048);

function written(name: string, lineOf: (record: AccessRecord) => string): Entry {
  return entry(`stats: ${name}, written to a buffer`, () => {
    const record = recordOf(new Date(2026, 10, 21, 9, 30, 24, 285).getTime());
    return {
      op: () => slab.write(lineOf(record), 0, 'latin1'),
      verify: (size) => {
        const line = slab.toString('latin1', 0, size);
        assert.match(line, /^192\.0\.2\.7:54610 \[21\/Nov\/2026:09:30:24\.\d{3}\] /);
        assert.equal(line.slice(line.indexOf('] ') + 2), rest);
      },
    };
  });
}

export const stats: readonly Entry[] = [
  written('a line of option httplog', httpLine),
  written('the same by a log-format', (record) => record.frontend.program.rules.log?.line?.(record.context) ?? ''),
];
