/** Which labels and variables of an environment are whose: what people are shown of a container's words. */

import type { CompatName } from '../../config/model.ts';
import { nearest } from '../../core/suggest.ts';
import type { ReadWord } from '../report.ts';
import type { Subject } from './settings.ts';

/** Whose words are wanted; `prefix` of our own labels. */
export type Spoken = { readonly reader: 'fairlead'; readonly prefix: string } | { readonly reader: CompatName };

interface Names {
  readonly label: RegExp | undefined;
  readonly environment: RegExp | undefined;
}

const VIRTUAL = 'VIRTUAL_|(NETWORK_ACCESS|HTTPS_METHOD|CERT_NAME|HSTS|SSL_POLICY|LETSENCRYPT_HOST|ACME_HOST)$';

/** What each tool's names look like. */
const NAMES: Readonly<Record<CompatName, Names>> = {
  registrator: { label: /^SERVICE_/, environment: /^SERVICE_/ },
  camptocamp: { label: /^SERVICE_/, environment: /^SERVICE_/ },
  'nginx-proxy': {
    label: new RegExp(`^(com\\.github\\.(nginx-proxy|jrcs)\\.|${VIRTUAL})`),
    environment: new RegExp(`^(${VIRTUAL})`),
  },
  traefik: { label: /^traefik\./i, environment: undefined },
  caddy: { label: /^caddy((_\d+)?(\.|$)|_ingress_network$)/, environment: undefined },
  easyhaproxy: { label: /^easyhaproxy\./, environment: undefined },
};

export function isSpoken(name: string, from: ReadWord['from'], spoken: Spoken): boolean {
  if (spoken.reader === 'fairlead') return from === 'label' && name.startsWith(spoken.prefix);
  return NAMES[spoken.reader][from]?.test(name) === true;
}

/** The subject's words that are `spoken` to one reader, by name. */
export function spokenWords({ labels, env }: Subject, spoken: Spoken): readonly ReadWord[] {
  const { reader } = spoken;
  const words: ReadWord[] = [];
  for (const [name, value] of labels)
    if (isSpoken(name, 'label', spoken)) words.push({ reader, from: 'label', name, value: shown(name, value) });
  for (const [name, value] of env)
    if (isSpoken(name, 'environment', spoken)) words.push({ reader, from: 'environment', name, value: shown(name, value) });
  return words.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Other tools take passwords in labels. */
const SECRET = /basic_?auth|digestauth|passw|secret|token/i;

function shown(name: string, value: string): string {
  return SECRET.test(name) ? '***' : value;
}

/** A label that was meant to begin with `prefix` and has a typing mistake there. */
export function nearPrefix(labels: ReadonlyMap<string, string>, prefix: string): string | undefined {
  const dots = prefix.split('.').length - 1;
  for (const label of labels.keys()) {
    const parts = label.split('.');
    if (parts.length <= dots) continue;
    const beginning = `${parts.slice(0, dots).join('.')}.`;
    if (beginning !== prefix && nearest(beginning, [prefix]) !== undefined) return label;
  }
  return undefined;
}
