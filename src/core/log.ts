/** Severities of syslog (RFC 5424 6.2.1), which HAProxy's events and log levels use. */
export const Level = { Emerg: 0, Alert: 1, Crit: 2, Err: 3, Warning: 4, Notice: 5, Info: 6, Debug: 7 } as const;
export type Level = (typeof Level)[keyof typeof Level];

/**
 * Where events go: a state change, a source that is lost, a container that is refused.
 * `proxy` names the proxy whose `log` lines get it; undefined is the process itself.
 */
export interface EventLog {
  event(level: Level, message: string, proxy?: string): void;
}

/** For tests and tools that want silence. */
export const silent: EventLog = { event() {} };
