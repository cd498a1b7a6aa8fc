/**
 * `observe`: what traffic tells of a server's health (manual 5.2). `error-limit` errors in a row are what `on-error` says.
 * A success, and a check that passes, begin the count anew.
 */

import type { ServerConfig } from '../config/model.ts';
import { Observation } from './types.ts';

interface Meaning {
  readonly words: string;
  /** For each layer: good, bad, or nothing at all. */
  readonly layer4?: 'good' | 'bad';
  readonly layer7?: 'good' | 'bad';
}

const MEANINGS: Readonly<Record<Observation, Meaning>> = {
  [Observation.Connected]: { words: 'L4 successful connection', layer4: 'good' },
  [Observation.ConnectFailed]: { words: 'L4 unsuccessful connection', layer4: 'bad', layer7: 'bad' },
  [Observation.Answered]: { words: 'Correct http response', layer7: 'good' },
  [Observation.WrongStatus]: { words: 'Wrong http response', layer7: 'bad' },
  [Observation.InvalidHead]: { words: 'Invalid http response (headers)', layer7: 'bad' },
  [Observation.InvalidBody]: { words: 'Invalid http response', layer7: 'bad' },
  [Observation.ReadError]: { words: 'Read error (http)', layer7: 'bad' },
  [Observation.ReadTimeout]: { words: 'Read timeout (http)', layer7: 'bad' },
  [Observation.Closed]: { words: 'Close from server (http)', layer7: 'bad' },
};

export class Observer {
  /** Errors in a row. */
  errors = 0;
  /** How often they were too many; the CSV's hanafail. */
  failures = 0;

  /** Answers what the limit was reached by, and begins to count anew; undefined while it is not. */
  see(observation: Observation, config: ServerConfig): string | undefined {
    const meaning = MEANINGS[observation];
    const verdict = config.observe === undefined ? undefined : meaning[config.observe];
    if (verdict === 'good') this.errors = 0;
    if (verdict !== 'bad' || ++this.errors < config.errorLimit) return undefined;
    const found = `Detected ${this.errors} consecutive errors, last one was: ${meaning.words}`;
    this.errors = 0;
    this.failures++;
    return found;
  }
}
