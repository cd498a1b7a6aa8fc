/**
 * Dates as logs write them, in local time. A second's text is made once and kept: under load thousands of lines share
 * it, and formatting a Date costs more than the rest of a line.
 */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

/** `.000` .. `.999` */
const MILLIS: readonly string[] = Array.from({ length: 1000 }, (_, ms) => `.${pad(ms, 3)}`);

/**
 * Keeps the texts of the last seconds, one slot per second modulo SLOTS: lines are written when an exchange ends but
 * dated when it began, so the dates of neighbouring lines are seconds apart.
 */
class SecondCache {
  private static readonly SLOTS = 64;
  private readonly seconds = new Float64Array(SecondCache.SLOTS).fill(-1);
  private readonly texts: string[] = new Array<string>(SecondCache.SLOTS).fill('');
  private readonly format: (date: Date) => string;

  constructor(format: (date: Date) => string) {
    this.format = format;
  }

  of(second: number): string {
    const slot = second % SecondCache.SLOTS;
    if (this.seconds[slot] !== second) {
      this.texts[slot] = this.format(new Date(second * 1000));
      this.seconds[slot] = second;
    }
    return this.texts[slot] as string;
  }
}

function time(date: Date): string {
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

const access = new SecondCache((date) => `${pad(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}:${time(date)}`);
const syslog = new SecondCache((date) => `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${time(date)}`);
const iso = new SecondCache((date) => `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}T${time(date)}`);
const utc = new SecondCache((date) => {
  const clock = `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}`;
  return `${pad(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:${clock} +0000`;
});
const local = new SecondCache((date) => `${access.of(date.getTime() / 1000)} ${offset(date, '')}`);
const zone = new SecondCache((date) => offset(date, ':'));

/** From UTC: `+0100`. */
function offset(date: Date, separator: string): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}${separator}${pad(size % 60)}`;
}

/** `21/Nov/2026:00:29:47.089`, HAProxy's `%tr`. `wall` in ms since the epoch. */
export function accessDate(wall: number): string {
  const second = Math.floor(wall / 1000);
  return access.of(second) + (MILLIS[Math.floor(wall - second * 1000)] as string);
}

/** `21/Nov/2026:00:29:47 +0000`, HAProxy's `%T`. */
export function utcDate(wall: number): string {
  return utc.of(Math.floor(wall / 1000));
}

/** The same in local time: `%Tl`. */
export function localDate(wall: number): string {
  return local.of(Math.floor(wall / 1000));
}

/** `Nov 21 00:29:47` (RFC 3164 4.1.2). */
export function syslogDate(wall: number): string {
  return syslog.of(Math.floor(wall / 1000));
}

/** `2026-11-21T00:29:47.090000+00:00`: RFC 5424 6.2.3 with the six digits that HAProxy writes. */
export function isoDate(wall: number): string {
  const second = Math.floor(wall / 1000);
  return `${iso.of(second)}${MILLIS[Math.floor(wall - second * 1000)]}000${zone.of(second)}`;
}
