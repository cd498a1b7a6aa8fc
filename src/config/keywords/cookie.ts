/** What binds clients to servers by a cookie, and when that counts (manual 4.2): `cookie`, `option persist` and their kin. */

import { bytesOf } from '../../core/bytes.ts';
import { didYouMean } from '../../core/suggest.ts';
import type { ProxyDraft } from '../draft.ts';
import type { CookieConfig, Place, RawRule } from '../model.ts';
import { BACK, type Row, type Section, type Statement } from '../row.ts';
import type { Read } from '../values.ts';

type CookieDraft = { -readonly [Key in keyof CookieConfig]: CookieConfig[Key] };

const PROXIES: readonly Section[] = ['listen', 'backend'];

const MODES = ['rewrite', 'insert', 'prefix'] as const;
const FLAGS = ['indirect', 'nocache', 'postonly', 'preserve', 'httponly', 'secure', 'dynamic'] as const;
const VALUED = ['domain', 'maxidle', 'maxlife', 'attr'] as const;
const WORDS: readonly string[] = [...MODES, ...FLAGS, ...VALUED];

function isOneOf<Word extends string>(words: readonly Word[], word: string): word is Word {
  return (words as readonly string[]).includes(word);
}

function newCookie(place: Place, name: string): CookieDraft {
  return {
    place,
    name,
    mode: undefined,
    indirect: false,
    nocache: false,
    postonly: false,
    preserve: false,
    httponly: false,
    secure: false,
    domains: [],
    maxidle: 0,
    maxlife: 0,
    attributes: [],
    dynamic: false,
  };
}

function parseCookie(proxy: ProxyDraft, line: Statement): void {
  const [name = '', ...words] = line.words;
  const cookie = newCookie(line.place, name);
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (isOneOf(MODES, word)) {
      if (cookie.mode !== undefined && cookie.mode !== word) {
        line.fail("cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.");
        return;
      }
      cookie.mode = word;
    } else if (isOneOf(FLAGS, word)) {
      cookie[word] = true;
    } else if (isOneOf(VALUED, word)) {
      const error = setValue(cookie, word, words[++at] ?? '', line);
      if (error !== undefined) {
        line.fail(error);
        return;
      }
    } else {
      const list = WORDS.map((known) => `'${known}'`).join(', ');
      line.fail(`'cookie' supports ${list}, but got '${word}'${didYouMean(word, WORDS) || '.'}`);
      return;
    }
  }
  if (cookie.mode === 'rewrite' && cookie.indirect) {
    line.fail("cookie 'rewrite' and 'indirect' modes are incompatible.");
    return;
  }
  if (cookie.preserve && cookie.mode !== 'insert' && !cookie.indirect) {
    line.fail("cookie 'preserve' requires at least 'insert' or 'indirect'.");
    return;
  }
  proxy.cookie = cookie;
}

/** Answers the error to report, or undefined. */
function setValue(cookie: CookieDraft, word: (typeof VALUED)[number], value: string, line: Statement): string | undefined {
  switch (word) {
    case 'domain':
      if (value === '') return "'domain' expects <domain> as argument.";
      if (!value.slice(1).includes('.')) {
        line.warn(`domain '${value}' contains no embedded dot, this configuration may not work properly (see RFC6265#5.2.3).`);
      }
      cookie.domains = [...cookie.domains, value];
      return undefined;
    case 'attr': {
      if (value === '') return "'attr' expects <value> as argument.";
      const bad = [...value].find((char) => char < ' ' || char === '\x7f' || char === ';');
      if (bad !== undefined)
        return `character '%x${bad.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}' is not permitted in attribute value.`;
      cookie.attributes = [...cookie.attributes, value];
      return undefined;
    }
    default: {
      if (value === '') return `'${word}' expects ${word === 'maxidle' ? '<idletime>' : '<lifetime>'} in seconds as argument.`;
      const read = readSeconds(value, word);
      if ('error' in read) return read.error;
      cookie[word] = read.value * 1000;
      return undefined;
    }
  }
}

const SECONDS: ReadonlyMap<string, number> = new Map(Object.entries({ us: 1e-6, ms: 1e-3, '': 1, s: 1, m: 60, h: 3600, d: 86_400 }));

/** Whole seconds, rounded up; dates in cookies go further than timers. */
function readSeconds(word: string, what: string): Read<number> {
  const match = /^(\d+)([a-z]*)$/.exec(word);
  const factor = match === null ? undefined : SECONDS.get(match[2] ?? '');
  if (match === null || factor === undefined) {
    return { error: `unexpected character '${word.charAt(word.search(/[^0-9]/))}' in argument to <${what}>.` };
  }
  const value = Math.ceil(Number(match[1]) * factor);
  if (value <= 2147483647) return { value };
  return { error: `timer overflow in argument <${word}> to <${what}>, maximum value is 2147483647 s (~68 years).` };
}

function conditional(line: Statement, into: RawRule[]): void {
  if (line.first !== 'if' && line.first !== 'unless') {
    line.fail(`'${line.keyword}' requires either 'if' or 'unless' followed by a condition.`);
    return;
  }
  into.push({ place: line.place, words: line.words });
}

function parseUseServer(proxy: ProxyDraft, line: Statement): void {
  const [server = '', ...words] = line.words;
  if (words[0] !== 'if' && words[0] !== 'unless') {
    line.fail("'use-server' requires either 'if' or 'unless' followed by a condition.");
    return;
  }
  proxy.useServers.push({ place: line.place, server, words });
}

export const persistenceRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'cookie',
    bytes: true,
    sections: BACK,
    syntax:
      '<name> [rewrite|insert|prefix] [indirect] [nocache] [postonly] [preserve] [httponly] [secure] [domain <domain>]* [maxidle <idle>] [maxlife <life>] [dynamic] [attr <value>]*',
    chapter: '4.2',
    doc: 'Clients stay with the server whose `cookie` value they bring in this cookie: Fairlead sets it (`insert`), or its value (`rewrite`), or puts the server before the value that the application gave it (`prefix`). Without a mode the cookie is only read.',
    min: 1,
    missing: "'cookie' expects <cookie_name> as argument.",
    parse: parseCookie,
  },
  {
    name: 'dynamic-cookie-key',
    sections: BACK,
    syntax: '<text>',
    chapter: '4.2',
    doc: 'The secret from which `cookie ... dynamic` makes the value of each server without one of its own, together with its address and port.',
    min: 1,
    lenient: true,
    max: 1,
    missing: "'dynamic-cookie-key' expects <secret_key> as argument.",
    parse: (proxy, line) => {
      proxy.dynamicCookieKey = bytesOf(line.first);
    },
  },
  {
    name: 'force-persist',
    bytes: true,
    sections: PROXIES,
    syntax: '{if|unless} <condition>',
    chapter: '4.2',
    doc: 'For such requests the server of a cookie or stick table is asked also while it is down or in maintenance. Of these lines and those of `ignore-persist` the first that matches counts.',
    parse: (proxy, line) => conditional(line, proxy.forcePersist),
  },
  {
    name: 'ignore-persist',
    bytes: true,
    sections: PROXIES,
    syntax: '{if|unless} <condition>',
    chapter: '4.2',
    doc: 'Such requests are balanced as if they had no cookie, and get none.',
    parse: (proxy, line) => conditional(line, proxy.ignorePersist),
  },
  {
    name: 'option persist',
    sections: BACK,
    syntax: '',
    chapter: '4.2',
    doc: 'The server of a cookie or stick table is asked also while it is down; `option redispatch` then decides what follows a failure.',
    max: 0,
    parse: (proxy) => {
      proxy.persist = true;
    },
    negate: (proxy) => {
      proxy.persist = false;
    },
  },
  {
    name: 'use-server',
    bytes: true,
    sections: PROXIES,
    syntax: '<server> {if|unless} <condition>',
    chapter: '4.2',
    doc: 'Sends requests that the condition matches to this server if it is up, before any cookie is looked at; the first line that matches counts. The name may hold `%[<fetch>]`.',
    min: 1,
    missing: "'use-server' expects a server name.",
    parse: parseUseServer,
  },
];
