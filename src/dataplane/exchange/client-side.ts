import type { Reply } from '../routing.ts';
import type { Refusal } from '../http/refusals.ts';

/** What a client's connection reports to the tunnel that took it over after a 101. */
export interface ClientTunnel {
  clientBytes(bytes: Buffer): void;
  /** What was written to the client has been flushed. */
  clientDrained(): void;
  /** The client sent FIN. */
  clientEnded(): void;
  /** The client's connection is closed. */
  clientGone(): void;
  deadlinePassed(): void;
  /** Closes both sides gracefully. */
  close(): void;
}

/** What an exchange or a tunnel may do with the client's connection. */
export interface ClientSide {
  deadlineMs: number;
  /** The client sent FIN: it sends no more, and may or may not still read. */
  readonly halfClosed: boolean;
  /** Received bytes that are not consumed yet: the rest of a body, or the next request. */
  readonly pending: Buffer | undefined;
  /** The first bytes of `pending` were taken. */
  drop(count: number): void;
  /** False: wait for the drain before the next write. */
  write(data: string | Buffer): boolean;
  pause(): void;
  resume(): void;
  /** Responds in place of the app; the exchange is over by then. */
  reply(reply: Reply, form: { closes: boolean; isHead: boolean }): void;
  /** Responds to an invalid request; the exchange is over by then. */
  refuse(refusal: Refusal): void;
  exchangeOver(next: 'keepAlive' | 'close'): void;
  tunnelBegun(tunnel: ClientTunnel): void;
  /** Sends FIN after what was written; what the client sends is still read. */
  endWriting(): void;
  /** Sends FIN after what was written, and throws away what still comes. */
  close(): void;
  /** Breaks the connection off. `reset`: where FIN alone would look like the proper end of what was sent. */
  cut(how: 'close' | 'reset'): void;
}
