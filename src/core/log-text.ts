/**
 * What may stand in a log line as it is (manual 8.6): printable ASCII without `"` and `#`, and in captured headers without
 * `{`, `|` and `}`. Everything else is `#XX`. Texts hold bytes, one character each.
 */

const LINE = /[^\x20\x21\x24-\x7e]/;
const LINE_ALL = /[^\x20\x21\x24-\x7e]/g;
const HEADER = /[^\x20\x21\x24-\x7a\x7e]/;
const HEADER_ALL = /[^\x20\x21\x24-\x7a\x7e]/g;

const CONTROLS = /[^\x20-\x7e\x80-\xff]/g;

/** Of request lines and their parts. */
export function logLine(text: string): string {
  return LINE.test(text) ? text.replace(LINE_ALL, hex) : text;
}

/** Of captured values. */
export function logHeader(text: string): string {
  return HEADER.test(text) ? text.replace(HEADER_ALL, hex) : text;
}

/** Of samples: nothing but what would end the line, or reach a terminal. */
export function logControls(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return text.replace(CONTROLS, hex);
  }
  return text;
}

function hex(char: string): string {
  return `#${(char.charCodeAt(0) & 0xff).toString(16).toUpperCase().padStart(2, '0')}`;
}
