import type { AccessEntry } from '../access-log/access-log.ts';
import type { ServerContext } from '../context.ts';
import { noBytes } from '../net/byte-copy.ts';
import { noRange, type Range } from '../net/tcp-socket.ts';
import type { SessionHold } from '../routing.ts';
import type { ClientStream, ClientStreamUser, UpstreamStream, UpstreamStreamUser } from '../streams.ts';

export type TunnelParts = {
  client: ClientStream;
  upstream: UpstreamStream;
  hold: SessionHold;
  context: ServerContext;
  /** Of the access log. */
  entry: AccessEntry | undefined;
};

/**
 * An upgraded stream: bytes in both directions, each of which ends separately. The session is held until both have ended.
 *
 *   both open ──one side ends──► half-closed ──other side ends──► over
 *       └──── either stream breaks ────┴── silence ─────────────► over
 */
export class Tunnel implements ClientStreamUser, UpstreamStreamUser {
  /** A WebSocket may be silent for hours. */
  readonly upstreamAwaited = false;
  private readonly client: ClientStream;
  private readonly upstream: UpstreamStream;
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
    client.user = this;
    upstream.user = this;
    context.counters.upgrades += 1;
    context.counters.upgradesOpen += 1;
  }

  /** The client has been told. */
  begin(): void {
    this.client.flush();
    this.client.readRequest();
    if (this.client.halfClosed && !this.clientDone) this.requestContent(noBytes, noRange, true);
  }

  // From the client.

  requestContent(bytes: Buffer, range: Range, endStream: boolean): void {
    this.clientDone ||= endStream;
    if (!this.upstream.sendContent(bytes, range, endStream)) this.client.pauseRequest();
    this.awaitOtherEnd();
  }

  upstreamDrained(): void {
    this.client.readRequest();
  }

  // From the app.

  responseContent(bytes: Buffer, range: Range, endStream: boolean): void {
    if (this.entry !== undefined) this.entry.bytes += range.to - range.from;
    this.upstreamDone ||= endStream;
    if (!this.client.sendContent(bytes, range, endStream)) this.upstream.pauseResponse();
    this.awaitOtherEnd();
  }

  clientDrained(): void {
    this.upstream.readResponse();
  }

  /** A peer that is gone after its end must not hold the session indefinitely. */
  private awaitOtherEnd(): void {
    if (this.clientDone && this.upstreamDone) this.close();
    else if (this.clientDone || this.upstreamDone) {
      this.client.deadlineMs = this.context.deadlines.in(this.context.timeouts.halfClosedMs);
    }
  }

  close(): void {
    this.over();
    this.upstream.close();
    this.client.close();
  }

  upstreamGone(): void {
    if (this.upstreamDone) this.client.close();
    else this.client.abort();
    this.over();
  }

  upstreamUnreachable(): void {
    this.upstreamGone();
  }

  clientGone(): void {
    this.upstream.abort();
    this.over();
  }

  deadlinePassed(): void {
    this.abort();
  }

  abort(): void {
    this.upstream.abort();
    this.over();
    this.client.abort();
  }

  get requestId(): string | undefined {
    return this.entry?.requestId;
  }

  fault(error: unknown): void {
    this.client.fault(error);
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

  // What a stream in this state does not send.

  requestEnded(): void {}

  requestInvalid(): void {}

  clientEnded(): void {}

  upstreamReady(): void {}

  responseInterim(): void {}

  responseHead(): void {}

  responseEnded(): void {}

  responsePaused(): void {}

  responseInvalid(): void {}
}
