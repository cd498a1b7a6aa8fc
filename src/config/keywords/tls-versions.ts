/** Which versions of TLS are spoken: the same words of `bind`, of `server` and of `ssl-default-*-options` (manual 3.1, 5.1, 5.2). */

import type { TlsVersion, VersionWords } from '../model-tls.ts';
import { TLS_VERSIONS } from '../tls-words.ts';
import type { Read } from '../values.ts';

export interface VersionParameter {
  readonly name: string;
  readonly args: 0 | 1;
  readonly syntax: string;
  readonly doc: string;
  readonly default?: string;
  /** May stand in a line of a `crt-list`. */
  readonly listed: boolean;
  /** HAProxy's words for a missing argument. */
  readonly missing: string;
  readonly read: (value: string, words: VersionWords) => Read<VersionWords>;
}

/** `TLSv1.2` is `tlsv12` in a word. */
function inWord(version: TlsVersion): string {
  return version.toLowerCase().replace('.', '');
}

function force(version: TlsVersion): VersionParameter {
  return {
    name: `force-${inWord(version)}`,
    args: 0,
    syntax: '',
    doc: `${version} alone is spoken.`,
    listed: false,
    missing: '',
    read: (_value, words) => ({ value: { ...words, min: version, max: version } }),
  };
}

function forbid(version: TlsVersion): VersionParameter {
  return {
    name: `no-${inWord(version)}`,
    args: 0,
    syntax: '',
    doc: `${version} is not spoken. Without effect where \`ssl-min-ver\` or \`ssl-max-ver\` stands.`,
    listed: false,
    missing: '',
    read: (_value, words) => ({ value: { ...words, disabled: [...words.disabled, version] } }),
  };
}

function bound(name: string, key: 'min' | 'max', doc: string): VersionParameter {
  return {
    name,
    args: 1,
    syntax: '{SSLv3|TLSv1.0|TLSv1.1|TLSv1.2|TLSv1.3}',
    doc,
    listed: true,
    missing: 'missing the ssl/tls version',
    read: (value, words) => {
      const version = TLS_VERSIONS.find((one) => one === value);
      return version === undefined ? { error: `'${value}' : unknown ssl/tls version` } : { value: { ...words, [key]: version } };
    },
  };
}

export const versionParameters: readonly VersionParameter[] = [
  ...TLS_VERSIONS.map(force),
  ...TLS_VERSIONS.map(forbid),
  bound('ssl-max-ver', 'max', 'The newest version that is spoken.'),
  bound('ssl-min-ver', 'min', 'The oldest version that is spoken.'),
];
