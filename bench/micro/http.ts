/** `http/`: reading heads, writing them, and finding the end of bodies. */

import assert from 'node:assert/strict';
import { Body } from '../../src/http/body.ts';
import { ChunkedBody } from '../../src/http/chunked.ts';
import { Framing, Head } from '../../src/http/head.ts';
import { parseRequestHead, parseResponseHead } from '../../src/http/parse.ts';
import { type Entry, entry } from './subject.ts';

const headLimit = 15360;

const curl = ['GET / HTTP/1.1', 'Host: localhost:8080', 'User-Agent: curl/8.5.0', 'Accept: */*'];

export const browser: readonly string[] = [
  'GET /shop/items?page=3&order=price HTTP/1.1',
  'Host: www.example.com',
  'Connection: keep-alive',
  'Cache-Control: max-age=0',
  'sec-ch-ua: "Chromium";v="126", "Google Chrome";v="126", "Not-A.Brand";v="8"',
  'sec-ch-ua-mobile: ?0',
  'sec-ch-ua-platform: "Linux"',
  'Upgrade-Insecure-Requests: 1',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Dest: document',
  'Referer: https://www.example.com/shop/items?page=2&order=price',
  'Accept-Language: de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7',
  'Cookie: session=4a1d6c0e9b7f43d2a85e; theme=dark; cart=3; consent=1700000000',
];

const hundred = ['GET / HTTP/1.1', 'Host: localhost', ...Array.from({ length: 99 }, (_, at) => `X-Field-${at}: value number ${at}`)];

const response = [
  'HTTP/1.1 200 OK',
  'Server: nginx/1.22.1',
  'Date: Sat, 21 Nov 2026 09:30:24 GMT',
  'Content-Type: text/plain',
  'Content-Length: 13',
  'Last-Modified: Sat, 21 Nov 2026 08:00:00 GMT',
  'ETag: "65faa3c0-d"',
  'Connection: keep-alive',
  'Accept-Ranges: bytes',
];

function bytesOf(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** Parses a request's head into the same Head again and again, as a session does. */
export function requestParser(lines: readonly string[]): () => Head {
  const bytes = bytesOf(lines);
  const head = new Head();
  return () => {
    const used = parseRequestHead(bytes, 0, bytes.length, head, headLimit, 0);
    if (used !== bytes.length) throw new Error(`refused: ${used}`);
    return head;
  };
}

function parsing(name: string, lines: readonly string[]): Entry {
  return entry(`http: parse a request head, ${name}, ${lines.length - 1} fields`, () => ({
    op: requestParser(lines),
    verify: (head) => {
      assert.equal(head.method, 'GET');
      assert.equal(head.target, lines[0]?.split(' ')[1]);
      assert.equal(head.host, lines[1]?.slice('Host: '.length));
      assert.equal(head.count, lines.length - 1);
    },
  }));
}

/** Where heads are written: a string is not made flat before somebody reads it, so reading it is part of the cost. */
const slab = Buffer.alloc(64 << 10);

function written(size: number): string {
  return slab.toString('latin1', 0, size);
}

/** The field lines that a message leaves with, given those it came with. */
function fieldLines(lines: readonly string[], dropped: RegExp, added: readonly string[]): string {
  return [...lines.slice(1).filter((line) => !dropped.test(line)), ...added].map((line) => `${line}\r\n`).join('');
}

const chunkText = (size: number): string => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`;

function chunks(name: string, size: number, count: number): Entry {
  return entry(`http: scan ${count} chunks of ${name}`, () => {
    const bytes = Buffer.from(`${chunkText(size).repeat(count)}0\r\n\r\n`, 'latin1');
    const body = new ChunkedBody();
    return {
      op: () => {
        body.reset(true);
        body.scan(bytes, 0, bytes.length);
        return body;
      },
      verify: (scanned) => {
        assert.ok(scanned.done);
        assert.deepEqual(scanned.output, bytes);
      },
    };
  });
}

export const http: readonly Entry[] = [
  parsing('curl', curl),
  parsing('browser', browser),
  parsing('many', hundred),
  entry('http: parse a response head, 8 fields', () => {
    const bytes = bytesOf(response);
    const head = new Head();
    return {
      op: () => {
        parseResponseHead(bytes, 0, bytes.length, head, headLimit, 0);
        return head;
      },
      verify: ({ status, reason, count, contentLength }) => {
        assert.deepEqual([status, reason, count, contentLength], [200, 'OK', 8, 13]);
      },
    };
  }),
  entry('http: write field lines, untouched', () => {
    const lines = browser.filter((line) => !line.startsWith('Connection:'));
    const head = requestParser(lines)();
    return {
      op: () => slab.write(head.fieldLines(), 0, 'latin1'),
      verify: (size) => assert.equal(written(size), fieldLines(lines, /^$/, [])),
    };
  }),
  entry('http: write field lines, one hop-by-hop field dropped', () => {
    const head = requestParser(browser)();
    return {
      op: () => slab.write(head.fieldLines(), 0, 'latin1'),
      verify: (size) => assert.equal(written(size), fieldLines(browser, /^Connection:/, [])),
    };
  }),
  entry('http: parse, remove 2 fields, add 2, write', () => {
    const parse = requestParser(browser);
    return {
      op: () => {
        const head = parse();
        head.remove('cookie');
        head.remove('referer');
        head.add('X-Forwarded-For', '192.0.2.7');
        head.add('X-Forwarded-Proto', 'https');
        return slab.write(head.fieldLines(), 0, 'latin1');
      },
      verify: (size) => {
        const added = ['X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Proto: https'];
        assert.equal(written(size), fieldLines(browser, /^(?:Connection|Cookie|Referer):/, added));
      },
    };
  }),
  chunks('16 KiB', 16 << 10, 4),
  chunks('10 bytes', 10, 400),
  entry('http: take a body of 64 KiB in 4 pieces', () => {
    const piece = Buffer.alloc(16 << 10, 'x');
    const body = new Body();
    return {
      op: () => {
        body.start(Framing.Length, 4 * piece.length, true);
        let taken = 0;
        while (!body.done) {
          body.take(piece, 0, piece.length);
          taken += body.size;
        }
        body.clear();
        return taken;
      },
      verify: (taken) => assert.equal(taken, 64 << 10),
    };
  }),
];
