/** What `global` says of TLS (manual 3.1, 3.2): for all `bind` and `server` lines below it, and for files of certificates. */

import { resolve } from 'node:path';
import type { GlobalDraft } from '../draft.ts';
import type { ExtraFile, TlsDefaults, TlsFilesConfig } from '../model.ts';
import type { Row, Statement } from '../row.ts';
import { readInteger, readTime } from '../values.ts';
import { noEffect, row, valueRow, word } from './global-row.ts';
import { versionParameters } from './tls-versions.ts';

type Side = 'bind' | 'server';

/** Lines keep what counted for them: it is replaced here, not changed. */
/** HAProxy's: about 68 years. */
const MOST_SECONDS = 2_147_483_647;

function say(global: GlobalDraft, side: Side, words: Partial<TlsDefaults>): void {
  global.tls[side] = { ...global.tls[side], ...words };
}

const LISTS = {
  ciphers: 'a cipher suite as an argument',
  ciphersuites: 'a cipher suite as an argument',
  curves: 'a curves suite as an arguments',
} as const;

function listRow(side: Side, key: keyof typeof LISTS, doc: string): Row<GlobalDraft> {
  const name = `ssl-default-${side}-${key}`;
  const missing = `global statement '${name}' expects ${LISTS[key]}.`;
  const fields = { name, syntax: '<list>', default: "OpenSSL's own", doc, missing };
  return valueRow(fields, word, (global, value) => say(global, side, { [key]: value }));
}

interface DefaultOption {
  readonly name: string;
  readonly args: 0 | 1;
  readonly missing: string;
  apply(defaults: TlsDefaults, value: string): TlsDefaults | string;
}

const versionOptions: readonly DefaultOption[] = versionParameters.map(({ name, args, missing, read }) => ({
  name,
  args,
  missing,
  apply: (defaults, value) => {
    const versions = read(value, defaults.versions);
    return 'error' in versions ? versions.error : { ...defaults, versions: versions.value };
  },
}));

function flag(name: string, words: Partial<TlsDefaults>): DefaultOption {
  return { name, args: 0, missing: '', apply: (defaults) => ({ ...defaults, ...words }) };
}

const OPTIONS: Readonly<Record<Side, readonly DefaultOption[]>> = {
  bind: [...versionOptions, flag('no-tls-tickets', { tickets: false }), flag('prefer-client-ciphers', { preferClientCiphers: true })],
  server: [...versionOptions, flag('no-tls-tickets', { tickets: false })],
};

function parseOptions(side: Side): (global: GlobalDraft, line: Statement) => void {
  return (global, line) => {
    let defaults = global.tls[side];
    for (let i = 0; i < line.words.length; i++) {
      const name = line.words[i] ?? '';
      const option = OPTIONS[side].find((one) => one.name === name);
      const statement = `on global statement '${line.keyword}'.`;
      if (option === undefined) {
        line.fail(`unknown option '${name}' ${statement}`);
        return;
      }
      const value = line.words[i + 1] ?? '';
      const next = option.args === 1 && value === '' ? `'${name}' : ${option.missing}` : option.apply(defaults, value);
      if (typeof next === 'string') {
        line.fail(`${next} ${statement}`);
        return;
      }
      defaults = next;
      i += option.args;
    }
    global.tls[side] = defaults;
  };
}

function optionsRow(side: Side, doc: string): Row<GlobalDraft> {
  const name = `ssl-default-${side}-options`;
  const flags = side === 'bind' ? ' | no-tls-tickets | prefer-client-ciphers' : ' | no-tls-tickets';
  return row({
    name,
    syntax: `{ssl-min-ver <version> | ssl-max-ver <version> | force-<version> | no-<version>${flags}}...`,
    doc,
    min: 1,
    missing: `global statement '${name}' expects an option as an argument.`,
    parse: parseOptions(side),
  });
}

function baseRow(side: 'ca' | 'crt', doc: string): Row<GlobalDraft> {
  const name = `${side}-base`;
  return row({
    name,
    syntax: '<dir>',
    default: 'where the process runs',
    doc,
    min: 1,
    max: 1,
    missing: `global statement '${name}' expects a directory path as an argument.`,
    parse: ({ tls }, line) => {
      if (tls.bases[side] !== line.cwd) line.fail(`'${name}' already specified.`);
      else tls.bases = { ...tls.bases, [side]: resolve(line.cwd, line.first) };
    },
  });
}

const EXTRA_FILES: readonly ExtraFile[] = ['bundle', 'sctl', 'ocsp', 'issuer', 'key'];

function parseExtraFiles(global: GlobalDraft, line: Statement): void {
  const [first = ''] = line.words;
  const alone = line.words.includes('none') || line.words.includes('all');
  const unknown = line.words.find((name) => name !== 'none' && name !== 'all' && !EXTRA_FILES.includes(name as ExtraFile));
  if (unknown !== undefined) line.fail(EXTRA_FILES_EXPECTED);
  else if (alone && line.words.length > 1) line.fail("'ssl-load-extra-files' 'none' and 'all' can be only used alone");
  else setFile(global, 'extraFiles', new Set(first === 'all' ? EXTRA_FILES : EXTRA_FILES.filter((name) => line.words.includes(name))));
}

const EXTRA_FILES_EXPECTED = "'ssl-load-extra-files' expects one or multiple arguments (none, all, bundle, sctl, ocsp, issuer, key).";

/** A word of `global` about files of certificates. */
function fileFlag(name: string, key: 'extraDelExt' | 'skipSelfIssuedCa', doc: string): Row<GlobalDraft> {
  return row({
    name,
    syntax: '',
    doc,
    parse: (global) => setFile(global, key, true),
  });
}

function setFile<Key extends keyof TlsFilesConfig>(global: GlobalDraft, key: Key, value: TlsFilesConfig[Key]): void {
  global.tlsFiles = { ...global.tlsFiles, [key]: value };
}

const SMALLEST_DH = 1024;
const NODE_DECIDES = 'Node decides it';

export const globalSslRows: readonly Row<GlobalDraft>[] = [
  baseRow('ca', 'Where relative paths of `ca-file`, `ca-verify-file` and `crl-file` begin, in the lines below.'),
  baseRow('crt', 'Where relative paths of `crt` and of certificates in a `crt-list` begin, in the lines below.'),
  row({
    name: 'issuers-chain-path',
    syntax: '<dir>',
    doc: 'Chains for certificates that come without one, found by their issuer.',
    min: 1,
    max: 1,
    missing: "global statement 'issuers-chain-path' expects a directory path as an argument.",
    parse: (global, line) => setFile(global, 'issuersChainPath', resolve(line.cwd, line.first)),
  }),
  valueRow(
    {
      name: 'maxsslconn',
      syntax: '<number>',
      chapter: '3.2',
      default: '0, no limit',
      doc: 'The most TLS connections of the whole process at the same time, those to servers included: while there are so many, further clients who speak TLS wait, in the order they came.',
      missing: "'maxsslconn' expects an integer argument.",
    },
    (text) => readInteger(text, 'maxsslconn'),
    (global, count) => {
      global.maxsslconn = count;
    },
  ),
  listRow('bind', 'ciphers', 'Ciphers of TLSv1.2 and older for `bind` lines below that say none.'),
  listRow('bind', 'ciphersuites', 'Cipher suites of TLSv1.3 for `bind` lines below that say none.'),
  listRow('bind', 'curves', 'Groups for the exchange of keys for `bind` lines below that say none.'),
  optionsRow('bind', 'What every `bind ... ssl` line below begins with.'),
  listRow('server', 'ciphers', 'Ciphers of TLSv1.2 and older for `server` lines below that say none.'),
  listRow('server', 'ciphersuites', 'Cipher suites of TLSv1.3 for `server` lines below that say none.'),
  optionsRow('server', 'What every `server ... ssl` line below begins with.'),
  row({
    name: 'ssl-dh-param-file',
    syntax: '<file>',
    doc: 'Parameters of Diffie-Hellman (PEM) for certificates that have none in their file. Without them, and without `tune.ssl.default-dh-param`, there are no DHE ciphers.',
    min: 1,
    max: 1,
    missing: "'ssl-dh-param-file' expects a file path as an argument.",
    parse: (global, line) => setFile(global, 'dhParamFile', resolve(line.cwd, line.first)),
  }),
  fileFlag(
    'ssl-load-extra-del-ext',
    'extraDelExt',
    'The names of files beside a certificate are made without its `.crt`: `site.key` instead of `site.crt.key`.',
  ),
  row({
    name: 'ssl-load-extra-files',
    syntax: '{none | all | {bundle|sctl|ocsp|issuer|key}...}',
    default: 'all',
    doc: 'Which files are looked for beside a certificate.',
    min: 1,
    missing: EXTRA_FILES_EXPECTED,
    parse: parseExtraFiles,
  }),
  row({
    name: 'ssl-server-verify',
    syntax: '{none|required}',
    default: 'required',
    doc: '`verify` of `server` lines below that do not say it.',
    min: 1,
    max: 1,
    missing: "'ssl-server-verify' expects an integer argument.",
    parse: (global, line) => {
      const verify = line.first;
      if (verify === 'none' || verify === 'required') say(global, 'server', { verify });
      else line.fail("'ssl-server-verify' expects 'none' or 'required' as argument.");
    },
  }),
  fileFlag('ssl-skip-self-issued-ca', 'skipSelfIssuedCa', 'Roots that stand in the file of a certificate are not sent.'),
  valueRow(
    {
      name: 'tune.ssl.default-dh-param',
      syntax: '<bits>',
      chapter: '3.2',
      default: 'no DHE ciphers',
      doc: 'Turns DHE ciphers on, with parameters of a size that fits the key of the certificate.',
      missing: "'tune.ssl.default-dh-param' expects an integer argument.",
    },
    (text) =>
      /^\d+$/.test(text) && Number(text) >= SMALLEST_DH
        ? { value: Number(text) }
        : { error: `'tune.ssl.default-dh-param' expects a value >= ${SMALLEST_DH}.` },
    (global, bits) => setFile(global, 'defaultDhParam', bits),
  ),
  valueRow(
    {
      name: 'tune.ssl.lifetime',
      syntax: '<time>',
      chapter: '3.2',
      default: '300s',
      doc: 'For how long a session may be resumed; seconds where there is no unit.',
      missing: "'tune.ssl.lifetime' expects ssl sessions <lifetime> in seconds as argument.",
    },
    (text) => readTime(text, 'tune.ssl.lifetime', 's', MOST_SECONDS * 1000),
    ({ tls }, time) => {
      tls.lifetime = time;
    },
  ),
  ...noEffect('ssl-engine ssl-mode-async ssl-propquery ssl-provider ssl-provider-path', '<arguments>', "Node's own OpenSSL does the work"),
  ...noEffect('tune.ssl.cachesize tune.ssl.force-private-cache', '<value>', 'sessions are kept in tickets, by the clients', '3.2'),
  ...noEffect('tune.ssl.hard-maxrecord tune.ssl.maxrecord', '<bytes>', `how long records are, ${NODE_DECIDES}`, '3.2'),
  ...noEffect(
    'tune.ssl.capture-buffer-size tune.ssl.capture-cipherlist-size tune.ssl.keylog',
    '<value>',
    'what is said in handshakes is not kept',
    '3.2',
  ),
  ...noEffect('tune.ssl.ssl-ctx-cache-size', '<number>', 'no certificates are generated for names that nobody routes', '3.2'),
];
