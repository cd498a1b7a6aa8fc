import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readRule } from '../../../src/discovery/labels/traefik-rule.ts';
import { routeText } from '../../../src/discovery/routes.ts';

function read(rule: string): readonly string[] | string {
  const found = readRule(rule);
  if ('error' in found) return found.error;
  return found.value.map(({ hosts, path, exact }) => hosts.map((host) => routeText({ host, path, exact })).join(' '));
}

const many = (count: number) => Array.from({ length: count }, (_, i) => `\`/a/${i}\``).join();

const CASES: readonly (readonly [rule: string, expected: readonly string[] | string])[] = [
  ['Host(`example.com`)', ['example.com/']],
  ['Host("Example.com")', ['example.com/']],
  ['Host(`*.example.com`)', ['~^[^.]+\\.example\\.com$/']],
  ['HostRegexp(`^.+\\.example\\.com$`)', ['~^.+\\.example\\.com$/']],
  ['HostRegexp(`(?i)^(?P<sub>example)\\.(com|org)$`)', ['~^(?<sub>example)\\.(com|org)$/']],
  ['HostRegexp("^a\\\\.test$")', ['~^a\\.test$/']],
  ['Host(`a.test`) && PathPrefix(`/api`)', ['a.test/api']],
  ['Host(`a.test`)&&PathPrefix(`/api/`)', ['a.test/api']],
  ['Host(`a.test`) && Path(`/products/`)', ['a.test=/products/']],
  ['Host(`a.test`) || Host(`b.test`)', ['a.test/ b.test/']],
  ['(Host(`a.test`) || Host(`b.test`)) && PathPrefix(`/x`)', ['a.test/x b.test/x']],
  ['Host(`a.test`) && PathPrefix(`/x`) || Host(`b.test`)', ['a.test/x', 'b.test/']],
  ['Host(`a.test`) && (PathPrefix(`/api`) || Path(`/ping`))', ['a.test/api', 'a.test=/ping']],
  ['PathPrefix(`/`)', ['*/']],
  ['Path(`/ping`) || PathPrefix(`/a`)', ['*=/ping', '*/a']],
  ['Host(`a.test`) && Host(`a.test`)', ['a.test/']],
  ['PathPrefix(`/a`) && PathPrefix(`/a/b`)', ['*/a/b']],
  ['PathPrefix(`/a`) && Path(`/a/b`)', ['*=/a/b']],
  ['PathPrefix(`/`) && Host(`a.test`) && PathPrefix(`/a`)', ['a.test/a']],
  // Traefik 2.
  ['Host(`a.test`, `b.test`) && PathPrefix(`/x`, `/y`)', ['a.test/x b.test/x', 'a.test/y b.test/y']],
  ['HostHeader(`a.test`)', ['a.test/']],
  ['HostRegexp(`example.com`, `{sub:[a-z]{1,3}}.example.com`)', ['~example.com/ ~^(?:[a-z]{1,3})\\.example\\.com$/']],
  ['HostRegexp(`{any}.example.com`)', ['~^[^.]+\\.example\\.com$/']],
  // What cannot be a route.
  [`Host(\`a\`) && Path(${many(65)})`, 'has more than 64 alternatives'],
  [`PathPrefix(${many(65)})`, 'has more than 64 alternatives'],
  [Array(4).fill('PathPrefix(`/`,`/`,`/`,`/`,`/`)').join(' && '), 'has more than 64 alternatives'],
  ['!Host(`a.test`)', "has a '!', and what is not meant cannot be a route"],
  ['Host(`a.test`) && !PathPrefix(`/admin`)', "has a '!', and what is not meant cannot be a route"],
  ['Host(`a.test`) && Method(`GET`)', 'asks for Method, and routes know hosts and paths alone'],
  ['ClientIP(`10.0.0.0/8`)', 'asks for ClientIP, and routes know hosts and paths alone'],
  ['PathRegexp(`\\.png$`)', 'asks for PathRegexp, and routes know hosts and paths alone'],
  ['Path(`/a/{id}`)', "holds the pattern '/a/{id}' for a path, and paths are plain text"],
  ['Host(`a.test`) && Host(`b.test`)', 'wants two hosts at once, which no request has'],
  ['Host(`a.test`) && HostRegexp(`a`)', 'wants a host to match two patterns at once'],
  ['PathPrefix(`/a`) && PathPrefix(`/b`)', 'wants two paths at once, which no request has'],
  ['Path(`/a`) && PathPrefix(`/a/b`)', 'wants two paths at once, which no request has'],
  ['PathPrefix(`/a`) && PathPrefix(`/ab`)', 'wants two paths at once, which no request has'],
  // What is no rule.
  ['', "has 'its end' where a matcher is expected"],
  ['Host', "has 'its end' where '(' is expected"],
  ['Host()', "has ')' where a value in backticks is expected"],
  ["Host('a.test')", "has a ''' that does not belong there"],
  ['Host(`a.test`', "has 'its end' where ')' is expected"],
  ['Host(`a.test`) Path(`/x`)', "has 'Path' where && or || is expected"],
  ['Host(`a.test`) ||', "has 'its end' where a matcher is expected"],
  ['(Host(`a.test`)', "has 'its end' where ')' is expected"],
  ['Host(`a.test`) & Path(`/x`)', "has a '&' that does not belong there"],
  ['Host(`a.test:80`)', "holds 'a.test:80': a host stands here without a port"],
  ['HostRegexp(`(`)', 'holds a bad regular expression: Invalid regular expression: /(/: Unterminated group'],
  [
    'HostRegexp(`(a+)+$`)',
    'holds a regular expression that repeats a group that holds another repetition or a choice, which may take forever to match ((a+)+$)',
  ],
  [
    'PathPrefix(`api`)',
    "holds 'api', which is not a path (it begins with '/' and is visible ASCII without '?' and '#'; write other characters as %XX)",
  ],
  ['('.repeat(100_000), 'is nested too deeply'],
  [Array.from({ length: 65 }, (_, i) => `Path(\`/${i}\`)`).join('||'), 'has more than 64 alternatives'],
  [Array.from({ length: 30 }, () => '(Path(`/a`)||Path(`/b`))').join('&&'), 'has more than 64 alternatives'],
];

describe("Traefik's rules", () => {
  for (const [rule, expected] of CASES) it(rule.slice(0, 70) || 'nothing', () => assert.deepEqual(read(rule), expected));
});
