/** `show libs`: the files that are mapped to be run, as `/proc/self/maps` has them. */

import { readFileSync } from 'node:fs';
import { type Answer, data } from './command.ts';

export function showLibraries(): Answer {
  const hex = (value: bigint, width: number): string => `0x${value.toString(16).padStart(width, '0')}`;
  const lines = rangesOf(mappings()).map(
    ({ from, end, path }) => `${hex(from, 16)}-${hex(end - 1n, 16)} (${hex(end - from, 7)}) ${path}\n`,
  );
  return data(...lines);
}

interface Range {
  readonly from: bigint;
  /** The first byte that is none of it. */
  end: bigint;
  readonly path: string;
}

/** Neighbours are parts of one; a file may also be mapped again elsewhere. */
export function rangesOf(maps: string): readonly Range[] {
  const ranges: Range[] = [];
  for (const line of maps.split('\n')) {
    const [, start, stop, path] = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+ +(\/.*)$/.exec(line) ?? [];
    if (start === undefined || stop === undefined || path === undefined) continue;
    const [from, end] = [BigInt(`0x${start}`), BigInt(`0x${stop}`)];
    const last = ranges.at(-1);
    if (last?.path === path && last.end === from) last.end = end;
    else ranges.push({ from, end, path });
  }
  return ranges;
}

function mappings(): string {
  try {
    return readFileSync('/proc/self/maps', 'utf8');
  } catch {
    return '';
  }
}
