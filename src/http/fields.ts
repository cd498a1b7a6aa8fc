/**
 * The field names that the proxy itself acts on, each with a small number, found by length, then first
 * letter, then all letters: a name nobody cares about costs one or two comparisons.
 */
export const Field = {
  Other: 0,
  Host: 1,
  Connection: 2,
  ContentLength: 3,
  TransferEncoding: 4,
  KeepAlive: 5,
  /** Proxy-Connection, Proxy-Authenticate, Proxy-Authentication-Info: between a client and its own proxy, which we are not. */
  Proxy: 6,
  Te: 7,
  Upgrade: 8,
  Expect: 9,
  Http2Settings: 10,
} as const;
export type Field = (typeof Field)[keyof typeof Field];

const NAMES: readonly (readonly [string, Field])[] = [
  ['host', Field.Host],
  ['connection', Field.Connection],
  ['content-length', Field.ContentLength],
  ['transfer-encoding', Field.TransferEncoding],
  ['keep-alive', Field.KeepAlive],
  ['proxy-connection', Field.Proxy],
  ['proxy-authenticate', Field.Proxy],
  ['proxy-authentication-info', Field.Proxy],
  ['te', Field.Te],
  ['upgrade', Field.Upgrade],
  ['expect', Field.Expect],
  ['http2-settings', Field.Http2Settings],
];

interface Candidate {
  readonly bytes: Uint8Array;
  readonly field: Field;
}

const LONGEST = Math.max(...NAMES.map(([name]) => name.length));
const BY_LENGTH: readonly (readonly Candidate[])[] = Array.from({ length: LONGEST + 1 }, (_, length) =>
  NAMES.filter(([name]) => name.length === length).map(([name, field]) => ({ bytes: Buffer.from(name), field })),
);

/** Which known field the name in `bytes[from..to)` is; names are compared without regard to case (RFC 9110 5.1). */
export function fieldOf(bytes: Uint8Array, from: number, to: number): Field {
  const length = to - from;
  if (length > LONGEST) return Field.Other;
  const candidates = BY_LENGTH[length] as readonly Candidate[];
  for (let c = 0; c < candidates.length; c++) {
    const candidate = candidates[c] as Candidate;
    if (sameName(bytes, from, candidate.bytes)) return candidate.field;
  }
  return Field.Other;
}

/** `name` is lower case; `| 0x20` also folds some signs onto others, none of which is a tchar pair used in NAMES. */
function sameName(bytes: Uint8Array, from: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[from + i] as number;
    if (byte === name[i]) continue;
    if (byte < 0x41 || byte > 0x5a || (byte | 0x20) !== name[i]) return false;
  }
  return true;
}
