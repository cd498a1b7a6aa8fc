/**
 * How the statistics page writes: markup that is safe, numbers and durations that are read at a glance.
 *
 * Shared with the browser.
 */

type Value = string | number | null | undefined;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function html(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] as string);
}

/** Seconds as `7s`, `5m6s`, `3h4m`, `1d2h`. */
export function duration(value: Value): string | undefined {
  if (typeof value !== 'number') return undefined;
  if (value < 60) return `${value}s`;
  if (value < 3600) return `${Math.floor(value / 60)}m${value % 60}s`;
  if (value < 86400) return `${Math.floor(value / 3600)}h${Math.floor((value % 3600) / 60)}m`;
  return `${Math.floor(value / 86400)}d${Math.floor((value % 86400) / 3600)}h`;
}

/** Seconds as `0d 0h01m36s`, which programs read. */
export function uptime(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  return `${Math.floor(hours / 24)}d ${hours % 24}h${two(Math.floor(seconds / 60) % 60)}m${two(seconds % 60)}s`;
}

/** Digits in groups of three from 10 000 on, with narrow blanks that do not break. */
export function thousands(value: number): string {
  return value < 10_000 ? String(value) : String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** As `thousands`; from 100 000 on three digits and a decimal unit: `123 k`, `4.56 G`. */
export function count(value: number): string {
  return value < 100_000 ? thousands(value) : scaled(value, '\u202f');
}

const UNITS = ['k', 'M', 'G', 'T', 'P', 'E'] as const;

/** Three digits and a decimal unit: `999`, `12.3 kB`, `4.56 GB`. */
export function bytes(value: Value): string | undefined {
  if (typeof value !== 'number') return undefined;
  return value < 1000 ? String(value) : `${scaled(value, '\u00a0')}B`;
}

/** 1000 and more. */
function scaled(value: number, blank: string): string {
  let number = value / 1000;
  let unit = 0;
  // 999.5 would be written as 1000 with three digits.
  while (number >= 999.5 && unit < UNITS.length - 1) {
    number /= 1000;
    unit++;
  }
  const decimals = number < 9.995 ? 2 : number < 99.95 ? 1 : 0;
  return `${number.toFixed(decimals)}${blank}${UNITS[unit]}`;
}
