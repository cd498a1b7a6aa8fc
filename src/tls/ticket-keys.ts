/** `tls-ticket-keys` (manual 5.1): with the same file, several machines know each other's sessions; HAProxy's among them. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** HAProxy's `TLS_TICKETS_NO`. */
const FEWEST = 3;

export interface TicketKeys {
  /** As Node has it: 16 bytes each of the name, the key of the HMAC, and that of AES. */
  readonly keys: Buffer;
  /** What is different from what the file asks for. */
  readonly doubt: string | undefined;
}

/**
 * Node takes one key; it is the one that HAProxy encrypts with, the last but one. Throws an Error in HAProxy's words.
 */
export function readTicketKeys(file: string): TicketKeys {
  let lines: readonly string[];
  try {
    lines = readFileSync(file, 'latin1').split('\n');
  } catch {
    throw new Error(`'${file}' : unable to load ssl tickets keys file`);
  }
  const keys = lines.flatMap((line, index) => (line.trim() === '' ? [] : [decode(line.trim(), file, index + 1)]));
  if (keys.length < FEWEST) throw new Error(`'${file}' : please supply at least ${FEWEST} keys in the tls-tickets-file`);
  const used = keys.at(-2) as Buffer;
  if (keys.some(({ length }) => length !== used.length)) throw new Error(`'${file}' : keys of different lengths`);
  if (used.length === 48) {
    // HAProxy's order is name, AES, HMAC.
    return { keys: Buffer.concat([used.subarray(0, 16), used.subarray(32, 48), used.subarray(16, 32)]), doubt: undefined };
  }
  const made = createHash('sha512').update(used.subarray(16)).digest().subarray(0, 32);
  return {
    keys: Buffer.concat([used.subarray(0, 16), made]),
    doubt: `'${file}' : keys of 80 bytes (AES-256) are made into Node's of 48: only machines with Fairlead know each other's sessions by them`,
  };
}

function decode(text: string, file: string, line: number): Buffer {
  const key = /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
  if (key === undefined || (key.length !== 48 && key.length !== 80))
    throw new Error(`'${file}' : unable to decode base64 key on line ${line}`);
  return key;
}
