/** The statistics page: whose it is, and what a POST to it carries, wanted whole before it is answered. */

import type { ExchangeFacts } from './exchange-facts.ts';

export class StatsForm {
  private readonly pieces: Buffer[] = [];
  private size = 0;
  private readonly limit: number;

  /** `limit`: most bytes of it. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** False when it is too long. */
  add(piece: Buffer): boolean {
    this.size += piece.length;
    if (this.size > this.limit) return false;
    this.pieces.push(piece);
    return true;
  }

  whole(): Buffer {
    return Buffer.concat(this.pieces);
  }
}

/** The proxies that it is about. */
export function statsTarget({ session, reach }: ExchangeFacts) {
  const { frontend } = session.listener;
  const own = frontend.config.kind === 'listen' ? frontend.defaultBackend : undefined;
  return { frontend, backend: reach.backend ?? own };
}
