/** The states of a client connection's receiving half, and of an exchange: all of them, in one place. */

/** What bytes from the client are now. `Session.setReading` changes it. */
export const Reading = { Head: 0, Body: 1, Wait: 2, Tunnel: 3, Linger: 4, Closed: 5 } as const;
export type Reading = (typeof Reading)[keyof typeof Reading];

/** How far an exchange is (HAProxy's stream states). `Reply` is a reply of our own. */
export const Phase = { Idle: 0, Request: 1, Queued: 2, Assigned: 3, Connecting: 4, Established: 5, Tunnel: 6, Reply: 7 } as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

/** HAProxy's second letter for an abort in `phase` (manual 8.5). */
export function stageOf(phase: Phase): 'R' | 'Q' | 'C' | 'D' {
  switch (phase) {
    case Phase.Request:
    case Phase.Reply:
      return 'R';
    case Phase.Queued:
      return 'Q';
    case Phase.Assigned:
    case Phase.Connecting:
      return 'C';
    default:
      return 'D';
  }
}
