/** Signals by name or number, as images and the engine's events write them (`SIGTERM`, `term`, `15`, `SIGRTMIN+3`). */

import { constants } from 'node:os';

const RTMIN = 34;
const numbers: ReadonlyMap<string, number> = new Map(Object.entries(constants.signals));

export const SIGKILL: number = constants.signals.SIGKILL;
export const SIGTERM: number = constants.signals.SIGTERM;

/** The number of a signal, or undefined for a word that is none. */
export function signalNumber(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  const upper = text.toUpperCase();
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  const realtime = /^SIGRTMIN(?:\+(\d+))?$/.exec(name);
  if (realtime !== null) return RTMIN + Number(realtime[1] ?? 0);
  return numbers.get(name);
}

/** `SIGTERM` for 15; the number where it has no name. */
export function signalName(number: number): string {
  for (const [name, value] of numbers) if (value === number) return name;
  return `signal ${number}`;
}
