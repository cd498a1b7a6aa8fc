/** Checks of well-known services: one option each, no lines of steps (manual 4.2). */

import type { ProxyDraft } from '../draft.ts';
import type { CheckService } from '../model.ts';
import { BACK, type Row, type Statement } from '../row.ts';

/** The service with what the words say of it, or undefined after reporting what is wrong with them. */
type Reader = (line: Statement) => CheckService | undefined;

function row(option: string, syntax: string, max: number, doc: string, read: Reader): Row<ProxyDraft> {
  return {
    name: `option ${option}`,
    bytes: true,
    sections: BACK,
    syntax,
    chapter: '4.2',
    doc: `Health checks ${doc}`,
    max,
    parse: (proxy, line) => {
      const service = read(line);
      if (service !== undefined) proxy.check.protocol = service;
    },
  };
}

function readSmtp({ words: [verb = '', domain = ''] }: Statement): CheckService {
  const known = (verb === 'HELO' || verb === 'EHLO') && domain !== '';
  return { name: 'smtp', hello: known ? `${verb} ${domain}` : 'HELO localhost' };
}

function readMysql(line: Statement): CheckService | undefined {
  const [word, user = '', version = 'post-41'] = line.words;
  if (word === undefined) return { name: 'mysql', user: undefined, old: false };
  if (word !== 'user') line.fail(`'option mysql-check' only supports optional values: 'user' (got '${word}').`);
  else if (user === '') line.fail("'option mysql-check user' expects <username> as argument.");
  else if (version !== 'post-41' && version !== 'pre-41') {
    line.fail(`keyword 'user' only supports 'post-41' and 'pre-41' (got '${version}').`);
  } else if (fits(line, user)) return { name: 'mysql', user, old: version === 'pre-41' };
  return undefined;
}

function readPgsql(line: Statement): CheckService | undefined {
  const [word = '', user = ''] = line.words;
  if (word !== 'user' && word !== '') line.fail("'option pgsql-check' only supports optional values: 'user'.");
  else if (user === '') line.fail("'option pgsql-check' expects 'user <username>' as argument.");
  else if (fits(line, user)) return { name: 'pgsql', user };
  return undefined;
}

/** Names stand in packets, ended by NUL, whose length is one byte here. */
function fits(line: Statement, user: string): boolean {
  const well = user.length <= 127 && !user.includes('\0');
  if (!well) line.fail(`'${line.keyword}' : a user's name has no more than 127 bytes, and no NUL.`);
  return well;
}

export const serviceRows: readonly Row<ProxyDraft>[] = [
  row('ldap-check', '', 0, 'bind to LDAP servers without a name.', () => ({ name: 'ldap' })),
  row(
    'mysql-check',
    '[user <name> [post-41|pre-41]]',
    3,
    "read MySQL's greeting; with a user, who needs no password, they log in.",
    readMysql,
  ),
  row('pgsql-check', 'user <name>', 2, 'begin a session with PostgreSQL, up to its question for a password.', readPgsql),
  row('redis-check', '', 0, 'send PING to Redis and expect PONG.', () => ({ name: 'redis' })),
  row('smtpchk', '[{HELO|EHLO} <domain>]', 2, 'greet an SMTP server, `HELO localhost` without words, and take leave.', readSmtp),
  row('ssl-hello-chk', '', 0, 'send an SSLv3 hello and expect an answer; nothing is verified.', () => ({ name: 'ssl-hello' })),
];
