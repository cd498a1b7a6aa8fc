/**
 * A list of servers as JSON or YAML, with the place of everything in it. JSON is read as the YAML that it is.
 *
 *     - 192.0.2.1:8080                        servers:
 *     - { name: b, address: 192.0.2.2:8080 }    - 192.0.2.1:8080
 */

import type { Document, Node, YAMLMap } from 'yaml';
import { didYouMean } from '../../core/suggest.ts';

/** Both count from 1. */
export interface Spot {
  readonly line: number;
  readonly column: number;
}

export interface Item {
  readonly spot: Spot;
  /** What stands there, as JSON would say it. */
  readonly value: unknown;
  /** Of an object: where each key stands. */
  readonly keys: ReadonlyMap<string, Spot>;
}

/** Spot and reason of the first thing that is wrong. */
export interface Fault extends Spot {
  readonly message: string;
}

const TOP_KEYS = ['servers'];

/** All items of the list, or what keeps it from being one. */
export async function readDocument(text: string): Promise<{ readonly items: readonly Item[] } | { readonly fault: Fault }> {
  // Loaded when a file is listed: a balancer without one has no use for it.
  const { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } = await import('yaml');
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, merge: true, prettyErrors: false });
  const spotOf = (node: Node | null): Spot => {
    const { line, col } = counter.linePos(node?.range?.[0] ?? 0);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const fault = (node: Node | null, message: string) => ({ fault: { ...spotOf(node), message } });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = counter.linePos(error.pos[0]);
    return { fault: { line, column: col, message: error.message.replace(/\.$/, '') } };
  }
  let list = document.contents as Node | null;
  if (isMap(list)) {
    const strange = list.items.map(({ key }) => key as Node).find((key) => !isScalar(key) || !TOP_KEYS.includes(String(key.value)));
    if (strange !== undefined) {
      const name = isScalar(strange) ? String(strange.value) : 'this';
      return fault(strange, `'${name}' is unknown${didYouMean(name, TOP_KEYS) || ": a list is expected, or one under 'servers'"}`);
    }
    list = (list.get('servers', true) ?? null) as Node | null;
  }
  if (list === null || (isScalar(list) && list.value === null)) return fault(list, 'it is empty; an empty list is written []');
  if (!isSeq(list)) return fault(list, 'it is no list of servers');
  const items = list.items.map((item): Item => {
    const node = item as Node;
    const target = isAlias(node) ? (node.resolve(document) ?? node) : node;
    return { spot: spotOf(node), value: plain(node, document), keys: isMap(target) ? keysOf(target, spotOf) : new Map() };
  });
  return { items };
}

/** Undefined where aliases stand for too much. */
function plain(node: Node, document: Document): unknown {
  try {
    return node.toJS(document);
  } catch {
    return undefined;
  }
}

function keysOf(map: YAMLMap, spotOf: (node: Node | null) => Spot): ReadonlyMap<string, Spot> {
  return new Map(map.items.map(({ key }) => [String((key as { readonly value?: unknown }).value), spotOf(key as Node)]));
}
