/**
 * caddy-docker-proxy's labels as the sites of the Caddyfile that it would write of them.
 *
 *     caddy_1: a.test                          site `a.test` {
 *     caddy_1.handle_path: /x/*                  handle_path /x/* {
 *     caddy_1.handle_path.0_reverse_proxy: ...     reverse_proxy ...
 *
 * A number before or behind a name keeps directives apart and orders them; it is no part of the name.
 */

export interface Site {
  readonly label: string;
  /** `a.test, b.test`; empty for global options. */
  readonly address: string;
  readonly directives: readonly Directive[];
}

export interface Directive {
  readonly label: string;
  readonly name: string;
  readonly args: readonly string[];
  readonly inner: readonly Directive[];
}

export function isCaddyLabel(label: string): boolean {
  return /^caddy(_\d+)?(\.|$)/.test(label);
}

interface Node {
  label: string;
  value: string;
  readonly children: Map<string, Node>;
}

/** In the order of their names. */
export function readSites(labels: ReadonlyMap<string, string>): readonly Site[] {
  const root = emptyNode('');
  for (const [label, value] of labels) {
    if (!isCaddyLabel(label)) continue;
    let node = root;
    for (const part of label.split('.').slice(0, DEEPEST)) {
      const child = node.children.get(part) ?? emptyNode(label);
      node.children.set(part, child);
      node = child;
    }
    node.label = label;
    node.value = value;
  }
  return sorted(root).map(([, { label, value, children }]) => ({ label, address: value.trim(), directives: directivesOf(children) }));
}

/** More than Caddy nests in earnest. */
const DEEPEST = 12;

function emptyNode(label: string): Node {
  return { label, value: '', children: new Map() };
}

function directivesOf(children: Node['children']): readonly Directive[] {
  return sorted({ children }).map(([part, { label, value, children: inner }]) => {
    const name = part.replace(/^\d+_/, '').replace(/_\d+$/, '');
    return { label, name, args: splitArgs(value), inner: directivesOf(inner) };
  });
}

/** With a number before it, by that and first of all; else by name. */
function sorted({ children }: Pick<Node, 'children'>): readonly (readonly [part: string, node: Node])[] {
  const order = (part: string): number => Number(/^(\d+)_/.exec(part)?.[1] ?? Number.POSITIVE_INFINITY);
  return [...children].sort(([a], [b]) => (order(a) === order(b) ? (a < b ? -1 : 1) : order(a) - order(b)));
}

/** `{{upstreams http 80}}` is one word: `upstreams http 80`. Quotes and backticks hold words together. */
function splitArgs(value: string): readonly string[] {
  const words = value.matchAll(/\{\{\s*(upstreams\b[^{}]*?)\s*\}\}|"((?:[^"\\]|\\.)*)"|`([^`]*)`|((?:\{\{.*?\}\}|\S)+)/g);
  return [...words].map(([, upstreams, double, raw, plain = '']) => upstreams ?? double ?? raw ?? (plain === '{{""}}' ? '' : plain));
}
