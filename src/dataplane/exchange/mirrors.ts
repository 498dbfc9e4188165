/**
 * Copies of a request to other endpoints, whose responses are ignored. A copy costs its request nothing: one whose endpoint does not keep up is
 * cut, and there are only so many at a time.
 *
 *     begin ──► a connection of its own ──► response discarded ──► over
 *                   └── endpoint too slow, or the request is not completed ──► cut
 */
import type { ServerContext } from '../context.ts';
import type { Head } from '../http/head.ts';
import type { Request } from '../http/request.ts';
import { withRequestId, type ReplacedId } from '../http/request-ids.ts';
import type { Timed } from '../net/deadlines.ts';
import type { Range } from '../net/tcp-socket.ts';
import type { Forwarding, MirrorTarget, TokenFilter } from '../routing.ts';
import type { RequestChanges, UpstreamStream, UpstreamStreamUser } from '../streams.ts';

const limits = { open: 1024, queuedBytes: 256 * 1024, responseBytes: 256 * 1024, silentMs: 30_000 };

type Mirrored = Pick<Forwarding, 'mirrors' | 'mirrored'>;

export class Mirrors {
  private readonly context: ServerContext;
  private readonly forwarding: Mirrored;
  private copies: readonly Mirror[] = [];

  constructor(context: ServerContext, forwarding: Mirrored) {
    this.context = context;
    this.forwarding = forwarding;
  }

  begin(
    request: Request,
    { filter, id }: { filter: TokenFilter; id: ReplacedId | undefined },
    endStream: boolean,
  ): void {
    const { mirrors, mirrored } = this.forwarding;
    const changes = { filter, edits: id === undefined ? mirrored : withRequestId(mirrored, id), isLast: true };
    for (const target of mirrors?.() ?? []) {
      const mirror = this.copyTo(target);
      mirror?.begin(request, changes, endStream);
      if (mirror !== undefined) this.copies = [...this.copies, mirror];
    }
  }

  private copyTo(target: MirrorTarget): Mirror | undefined {
    const { counters, pool } = this.context;
    if (counters.mirrorsOpen >= limits.open) {
      counters.mirrors.Dropped += 1;
      return undefined;
    }
    const mirror = new Mirror(this.context);
    const stream = pool.lease(target, mirror, 'None');
    if (stream === 'Full') {
      counters.mirrors.Dropped += 1;
      return undefined;
    }
    counters.mirrors.Sent += 1;
    mirror.use(stream);
    return mirror;
  }

  content(bytes: Buffer, range: Range, endStream: boolean): void {
    for (const copy of this.copies) copy.content(bytes, range, endStream);
  }

  abandon(): void {
    for (const copy of this.copies) copy.cut();
  }
}

class Mirror implements UpstreamStreamUser, Timed {
  /** Silence of its endpoint harms nothing else. */
  readonly upstreamAwaited = false;
  deadlineMs = Infinity;
  private readonly context: ServerContext;
  private stream: UpstreamStream | undefined;
  private received = 0;

  constructor(context: ServerContext) {
    this.context = context;
  }

  use(stream: UpstreamStream): void {
    this.stream = stream;
    this.context.counters.mirrorsOpen += 1;
    this.context.deadlines.watch(this);
  }

  begin(request: Request, changes: RequestChanges, endStream: boolean): void {
    this.stream?.sendHead(request, changes, endStream);
    this.stream?.flush();
    this.sent();
  }

  content(bytes: Buffer, range: Range, endStream: boolean): void {
    this.stream?.sendContent(bytes, range, endStream);
    this.sent();
  }

  private sent(): void {
    if (this.stream === undefined) return;
    this.deadlineMs = this.context.deadlines.in(limits.silentMs);
    if (this.stream.queuedBytes > limits.queuedBytes) this.cut();
  }

  cut(): void {
    if (this.stream === undefined) return;
    this.context.counters.mirrors.Cut += 1;
    this.over();
  }

  private over(): void {
    const { stream } = this;
    if (stream === undefined) return;
    this.stream = undefined;
    this.context.counters.mirrorsOpen -= 1;
    this.context.deadlines.forget(this);
    stream.abort();
  }

  responseContent(_bytes: Buffer, { from, to }: Range, endStream: boolean): void {
    this.received += to - from;
    if (endStream || this.received > limits.responseBytes) this.over();
  }

  responseHead(_head: Head, endStream: boolean): void {
    if (endStream) this.over();
  }

  responseEnded(): void {
    this.over();
  }

  responseInvalid(): void {
    this.over();
  }

  upstreamGone(): void {
    this.over();
  }

  upstreamUnreachable(): void {
    this.over();
  }

  deadlinePassed(): void {
    this.over();
  }

  upstreamReady(): void {}

  responseInterim(): void {}

  responsePaused(): void {}

  upstreamDrained(): void {}

  fault(error: unknown): void {
    this.context.faults.record(error, 'Upstream');
    this.over();
  }
}
