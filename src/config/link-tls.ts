/** TLS and protocols of `bind` lines, once the whole text is known. Sentences are HAProxy's. */

import type { Reporter } from './diagnostics.ts';
import type { BindDraft, ProxyDraft } from './draft.ts';
import { type BindSslWords, bindVersions, type VersionsProblem } from './tls-words.ts';

/** As HAProxy: also of sections that are disabled. */
export function checkBinds(proxy: ProxyDraft, reporter: Reporter): void {
  const seen = new Set<BindSslWords>();
  for (const bind of proxy.binds) {
    if (bind.tls === undefined || seen.has(bind.tls)) continue;
    seen.add(bind.tls);
    checkBind(proxy, bind, bind.tls, reporter);
  }
  for (const { place, protocol, text } of proxy.binds) {
    if (protocol === undefined || proxy.mode?.name === 'http') continue;
    const message = `MUX protocol '${protocol}' is not usable for 'bind ${text.split(' ', 1)[0]}'`;
    reporter.alert(
      place,
      `${proxy.kind === 'listen' ? 'proxy' : proxy.kind} '${proxy.name}' : ${message} at [${place.file}:${place.line}].`,
    );
  }
}

function checkBind({ name }: ProxyDraft, { place, text }: BindDraft, words: BindSslWords, reporter: Reporter): void {
  const { crt, crtLists, selfSigned, strictSni, verify = 'none', caFile, caVerifyFile } = words;
  const subject = `Proxy '${name}': `;
  const where = `for bind '${text.split(' ', 1)[0]}' at [${place.file}:${place.line}]`;
  if (crt.length === 0 && crtLists.length === 0 && !selfSigned) {
    const message = `${subject}no SSL certificate specified ${where}`;
    if (strictSni) reporter.warning(place, `${message}, ssl connections will fail (use 'crt').`);
    else reporter.alert(place, `${message} (use 'crt').`);
  }
  if (verify !== 'none' && caFile === undefined && caVerifyFile === undefined) {
    reporter.alert(place, `${subject}verify is enabled but no CA file specified ${where}.`);
  }
  for (const problem of bindVersions(words).problems) {
    const message = subject + bindProblem(problem, where);
    if (problem.kind === 'none') reporter.alert(place, message);
    else reporter.warning(place, message);
  }
}

function bindProblem(problem: VersionsProblem, where: string): string {
  switch (problem.kind) {
    case 'ignored':
      return `no-sslv3/no-tlsv1x are ignored ${where}. Use only 'ssl-min-ver' and 'ssl-max-ver' to fix.`;
    case 'hole':
      return `SSL/TLS versions range not contiguous ${where}. Hole find for ${problem.version}. Use only 'ssl-min-ver' and 'ssl-max-ver' to fix.`;
    case 'none':
      return `all SSL/TLS versions are disabled ${where}.`;
    case 'ambiguous': {
      const low = 'the ssl-min-ver value is not configured and the ssl-max-ver value is lower than the default ssl-min-ver value (TLSv1.2)';
      return `Ambiguous configuration ${where}: ${low}. Setting the ssl-min-ver to ${problem.min}. Use 'ssl-min-ver' to fix this.`;
    }
  }
}
