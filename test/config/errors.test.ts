/**
 * Mistakes as data: in cases/errors, a line `#! <severity>: <message>` is what the nearest line above it without
 * such a mark must get. Nothing else may be reported.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { formatDiagnostic, severityTag } from '../../src/config/diagnostics.ts';
import { loadConfig, loadText } from '../../src/config/load.ts';
import { casesIn, here } from './cases.ts';

const folder = `${here}cases/errors/`;
const MARK = '#! ';

function expected(text: string): string[] {
  const found: string[] = [];
  let line = 0;
  for (const [index, content] of text.split('\n').entries()) {
    if (content.startsWith(MARK)) found.push(`${line} ${content.slice(MARK.length).replaceAll('\\n  ', '\n  ')}`);
    else line = index + 1;
  }
  return found.sort();
}

for (const name of casesIn('errors')) {
  test(`every mistake of ${name} is reported at its line`, () => {
    const { config, diagnostics } = loadConfig([name], { env: { HOME: '/root' }, cwd: folder });
    const reported = diagnostics.map(({ severity, place, message }) => `${place?.line} ${severity}: ${message}`);
    assert.deepEqual(reported.sort(), expected(readFileSync(folder + name, 'utf8')));
    assert.equal(
      config === undefined,
      diagnostics.some(({ severity }) => severity === 'alert'),
    );
  });
}

test('a diagnostic reads as HAProxy prints it', () => {
  const { diagnostics } = loadText('backend app\n    blance roundrobin\n', 'haproxy.cfg', { env: {} });
  const [first] = diagnostics;
  assert.ok(first);
  assert.equal(
    severityTag(first.severity) + formatDiagnostic(first),
    "[ALERT]    config : parsing [haproxy.cfg:2] : unknown keyword 'blance' in 'backend' section; did you mean 'balance'?",
  );
  assert.equal(formatDiagnostic({ severity: 'alert', place: undefined, message: 'x' }), 'config : x');
});

test('warnings alone leave a configuration valid, unless zero-warning asks for more', () => {
  const text = 'backend b\n    server a 127.0.0.1:80\n';
  const lenient = loadText(text, 'a.cfg', { env: {} });
  assert.ok(lenient.config);
  assert.ok(lenient.diagnostics.some(({ severity }) => severity === 'warning'));
  const strict = loadText(`global\n    zero-warning\n${text}`, 'a.cfg', { env: {} });
  assert.equal(strict.config, undefined);
  assert.equal(strict.diagnostics.at(-1)?.message, "warnings were found and 'zero-warning' is set.");
});
