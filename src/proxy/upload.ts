/**
 * A request on its way to the server: its head, its body, and whether the server keeps up.
 *
 * What may have to be sent again is kept here until `letGo`. Head and beginning of a body leave in one segment: between
 * `send` and `flush` the server's socket is corked.
 */

import { Body } from '../http/body.ts';
import type { Head } from '../http/head.ts';
import { owned } from './accept.ts';
import type { KeptBody } from './kept-body.ts';
import type { Outlet } from './outlet.ts';

export class Upload {
  readonly body: Body = new Body();
  /** The request's head as it is sent. */
  lines = '';
  /** Its body, where `retry-on` asks for that; with one that is neither kept nor empty it is sent once. */
  kept: KeptBody | undefined = undefined;
  bodiless = true;
  /** The server is slower than the client, which is not read meanwhile. */
  serverBehind = false;
  /** The server's socket waits for the beginning of the body. */
  private corked = false;

  /** Before the next exchange, whose request has `head`. */
  reset(head: Head): void {
    this.lines = '';
    this.kept = undefined;
    this.serverBehind = false;
    this.corked = false;
    this.body.start(head.framing, head.contentLength, true, head.nominated);
    this.bodiless = this.body.done;
  }

  /** It could be sent once more as it was. */
  get whole(): boolean {
    return this.body.done && (this.bodiless || (this.kept !== undefined && !this.kept.overflown));
  }

  /** Writes the head, and a body that has been sent before. False: its beginning is to come, and `flush` then. */
  send(outlet: Outlet): boolean {
    if (this.bodiless) {
      outlet.text(this.lines);
      return true;
    }
    outlet.cork();
    outlet.text(this.lines);
    if (!this.body.done) {
      this.corked = true;
      return false;
    }
    const body = this.kept?.content;
    if (body !== undefined && body.length > 0) outlet.bytes(body);
    outlet.uncork();
    if (outlet.behind) this.serverBehind = true;
    return true;
  }

  /** What is there of the body has been written. True: the server has just fallen behind. */
  flush(outlet: Outlet | undefined): boolean {
    if (!this.corked) return false;
    this.corked = false;
    if (outlet === undefined) return false;
    outlet.uncork();
    if (this.body.done || !outlet.behind) return false;
    this.serverBehind = true;
    return true;
  }

  /** Writes what `body` has taken; false where that was nothing. */
  pass(outlet: Outlet): boolean {
    const piece = this.body.view();
    if (piece.length === 0) return false;
    const bytes = owned(piece);
    outlet.bytes(bytes);
    this.kept?.add(bytes);
    if (!this.corked && outlet.behind) this.serverBehind = true;
    return true;
  }

  /** It will not be sent again. */
  letGo(): void {
    this.lines = '';
    this.kept = undefined;
  }
}
