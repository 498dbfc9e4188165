import type { Reply } from '../routing.ts';
import type { Refusal } from '../http/refusals.ts';
import type { Range } from '../net/tcp-socket.ts';

/** Notifications of a client's connection to its tunnel after a 101. */
export interface ClientTunnel {
  clientBytes(bytes: Buffer): void;
  /** The data that was written to the client was flushed. */
  clientDrained(): void;
  /** The client sent FIN. */
  clientEnded(): void;
  /** The client's connection is closed. */
  clientGone(): void;
  deadlinePassed(): void;
  /** A fault ended the tunnel: both sides are cut. */
  abort(): void;
  /** Closes both sides gracefully. */
  close(): void;
}

/** The client's connection for an exchange or a tunnel. */
export interface ClientSide {
  deadlineMs: number;
  /** The client sent FIN: it sends no more, and may or may not still read. */
  readonly halfClosed: boolean;
  /** Received bytes that were not consumed yet: the rest of a body, or the next request. */
  readonly pending: Buffer | undefined;
  /** Removes the first bytes of `pending`, which were consumed. */
  drop(count: number): void;
  /** Returns false if the next write must wait for the drain. */
  write(data: string | Buffer): boolean;
  /** Writes latin1 text and the bytes [from, to), which the app's connection has read. Returns as `write`. */
  send(text: string, bytes: Buffer, range: Range): boolean;
  pause(): void;
  resume(): void;
  /** Responds instead of the app; the exchange is over by then. */
  reply(reply: Reply, form: { closes: boolean; isHead: boolean }): void;
  /** Responds to an invalid request; the exchange is over by then. */
  refuse(refusal: Refusal): void;
  exchangeOver(next: 'keepAlive' | 'close'): void;
  tunnelBegun(tunnel: ClientTunnel): void;
  /** Sends FIN after the written data; the client's data is still read. */
  endWriting(): void;
  /** Sends FIN after the written data, and discards what the client still sends. */
  close(): void;
  /** Called with what a callback of the exchange or tunnel threw: this connection ends, and no other one. */
  fault(error: unknown): void;
  /** Aborts the connection. `reset`: if FIN alone would look like the regular end of the response. */
  cut(how: 'close' | 'reset'): void;
}
