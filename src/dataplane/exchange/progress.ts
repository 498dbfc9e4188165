/** How long an exchange may last without progress. */
import type { ServerTimeouts } from '../context.ts';

export type Phase = 'routing' | 'connecting' | 'sent' | 'responding' | 'over';

/** `awaitsApp`: it waits for the app, not for the client. `clientBlocked`: the client does not read what it gets. */
export function progressTimeoutMs(
  phase: Phase,
  awaitsApp: boolean,
  clientBlocked: boolean,
  { bodyMs, responseHeadMs, stallMs }: ServerTimeouts,
): number {
  if (phase !== 'responding') return phase === 'sent' && awaitsApp ? responseHeadMs : bodyMs;
  if (clientBlocked) return stallMs;
  // The app may begin its response before the body is complete. The limit of the body remains, or an unfinished upload would hold its session
  // indefinitely; but bytes in either direction are progress: a client that sends nothing while it receives data uses its stream.
  return awaitsApp ? Infinity : bodyMs;
}
