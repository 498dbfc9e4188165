/** What balancing knows of an endpoint: what a proxy counts there, and whether it got through lately. */
import type { Endpoint } from '../../wire/routing-table.ts';

export type Target = {
  readonly endpoint: Endpoint;
  /** Live sessions. */
  readonly sessions: number;
  /** Requests that are about to begin a session. */
  readonly starting: number;
  /** Open requests and streams of its sessions. */
  readonly open: number;
  /** It refused a connection and is left alone until then, Unix ms; 0 while it does not. */
  readonly ejectedUntilMs: number;
};
