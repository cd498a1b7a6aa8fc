/** Our own line for servers that a file lists (`file-servers`). */

import { resolve } from 'node:path';
import type { ProxyDraft } from '../draft.ts';
import { finishServer } from '../draft-server.ts';
import type { Row, Statement } from '../row.ts';
import { serverOf } from './servers.ts';

function parseFileServers(proxy: ProxyDraft, line: Statement): void {
  const [file = '', ...parameters] = line.words;
  const path = resolve(line.cwd, file);
  const other = proxy.fileServers.find((servers) => servers.path === path);
  if (other !== undefined) line.fail(`'file-servers' : '${file}' is listed at ${other.place.file}:${other.place.line} already.`);
  const read = line.surroundings.readFile(path);
  if ('error' in read) line.warn(`'file-servers' : '${file}' cannot be read: ${read.error}. It is waited for.`);
  const template = finishServer(serverOf(proxy, line, "'file-servers' : ", parameters));
  proxy.fileServers.push({ place: line.place, file, path, template });
}

export const fileProxyRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'file-servers',
    sections: ['listen', 'backend'],
    syntax: '<file> [<server parameters>]',
    chapter: '',
    doc: 'Makes every server that a file lists, in JSON or YAML, a server of this backend. The file is watched.',
    min: 1,
    strict: true,
    parse: parseFileServers,
  },
];
