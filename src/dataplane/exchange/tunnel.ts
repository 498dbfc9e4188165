import type { SessionHold } from '../routing.ts';
import type { UpstreamConnection, UpstreamUser } from '../upstream/connection.ts';
import { joinedCopy } from '../net/byte-copy.ts';
import type { ClientSide, ClientTunnel } from './client-side.ts';
import type { ServerContext } from './options.ts';
import type { AccessEntry } from '../access-log/access-log.ts';

export type TunnelParts = {
  client: ClientSide;
  upstream: UpstreamConnection;
  hold: SessionHold;
  context: ServerContext;
  /** Of the access log. */
  entry: AccessEntry | undefined;
};

/**
 * After 101: bytes in both directions, each of which ends separately. The session is held until both have ended.
 *
 *   both open ──one side ends──► half-closed ──other side ends──► over
 *       └──── either connection breaks ────┴── silence ──────────► over
 */
export class Tunnel implements UpstreamUser, ClientTunnel {
  /** A WebSocket may be silent for hours. */
  readonly upstreamAwaited = false;
  private readonly client: ClientSide;
  private readonly upstream: UpstreamConnection;
  private readonly context: ServerContext;
  private readonly entry: AccessEntry | undefined;
  private hold: SessionHold | undefined;
  private clientDone = false;
  private upstreamDone = false;

  constructor({ client, upstream, hold, context, entry }: TunnelParts) {
    this.client = client;
    this.upstream = upstream;
    this.hold = hold;
    this.context = context;
    this.entry = entry;
    upstream.user = this;
    context.counters.upgrades += 1;
    context.counters.upgradesOpen += 1;
  }

  /** The connection existed before the tunnel. */
  upstreamConnected(): void {}

  clientBytes(bytes: Buffer): void {
    if (!this.upstream.write(joinedCopy('', bytes, 0, bytes.length))) this.client.pause();
    this.awaitOtherEnd();
  }

  upstreamBytes(bytes: Buffer, length: number): void {
    if (this.entry !== undefined) this.entry.bytes += length;
    if (!this.client.write(joinedCopy('', bytes, 0, length))) this.upstream.socket.pause();
    this.awaitOtherEnd();
  }

  upstreamDrained(): void {
    this.client.resume();
  }

  clientDrained(): void {
    this.upstream.socket.resume();
  }

  clientEnded(): void {
    this.clientDone = true;
    this.upstream.socket.end();
    this.oneSideEnded();
  }

  upstreamEnded(): void {
    this.upstreamDone = true;
    this.client.endWriting();
    this.oneSideEnded();
  }

  private oneSideEnded(): void {
    if (!this.clientDone || !this.upstreamDone) {
      this.awaitOtherEnd();
      return;
    }
    this.close();
  }

  /** Sends FIN in both directions. Queued bytes may be flushed for a limited time. */
  close(): void {
    this.over();
    this.upstream.user = undefined;
    this.upstream.deadlineMs = this.context.deadlines.in(this.context.timeouts.stallMs);
    this.upstream.socket.end();
    this.client.close();
  }

  upstreamClosed(): void {
    if (this.upstreamDone) {
      this.client.close();
    } else {
      this.client.cut('reset');
    }
    this.over();
  }

  upstreamUnreachable(): void {
    this.upstreamClosed();
  }

  clientGone(): void {
    this.upstream.destroy();
    this.over();
  }

  deadlinePassed(): void {
    this.abort();
  }

  abort(): void {
    this.upstream.destroy();
    this.client.cut('close');
    this.over();
  }

  fault(error: unknown): void {
    this.client.fault(error);
  }

  /** A peer that is gone after its FIN must not hold the session indefinitely. */
  private awaitOtherEnd(): void {
    if (this.clientDone || this.upstreamDone) {
      this.client.deadlineMs = this.context.deadlines.in(this.context.timeouts.halfClosedMs);
    }
  }

  private over(): void {
    const { hold } = this;
    if (hold !== undefined) {
      this.hold = undefined;
      this.context.counters.upgradesOpen -= 1;
      this.entry?.finish(101);
      hold.release();
    }
  }
}
