/**
 * Copies of a request to other endpoints, whose responses are ignored. A copy costs its request nothing: one whose endpoint does not keep up is
 * cut, and there are only so many at a time.
 *
 *     begin ──► a connection of its own, Connection: close ──► response discarded ──► closed
 *                   └── endpoint too slow, or the request is not completed ──► cut
 */
import { editRequestHead } from '../h1/edited-head.ts';
import type { RequestCopies } from '../h1/request-writer.ts';
import { joinedCopy } from '../net/byte-copy.ts';
import type { Forwarding, MirrorTarget } from '../routing.ts';
import type { UpstreamConnection, UpstreamUser } from '../upstream/connection.ts';
import type { ServerContext } from './options.ts';

const limits = { open: 1024, queuedBytes: 256 * 1024, responseBytes: 256 * 1024, silentMs: 30_000 };

type Mirrored = Pick<Forwarding, 'mirrors' | 'mirrored'>;

export class Mirrors implements RequestCopies {
  private readonly context: ServerContext;
  private readonly forwarding: Mirrored;
  private copies: readonly Mirror[] = [];

  constructor(context: ServerContext, forwarding: Mirrored) {
    this.context = context;
    this.forwarding = forwarding;
  }

  begin(unedited: string, rest: string | Buffer): void {
    const { mirrors, mirrored } = this.forwarding;
    const targets = mirrors?.() ?? [];
    if (targets.length === 0) return;
    const edited = mirrored === undefined ? unedited : editRequestHead(unedited, mirrored);
    const head = `${edited.slice(0, -2)}Connection: close\r\n\r\n`;
    const first = typeof rest === 'string' ? head + rest : joinedCopy(head, rest, 0, rest.length);
    this.copies = targets.flatMap((target) => this.copyTo(target, first) ?? []);
  }

  private copyTo(target: MirrorTarget, first: string | Buffer): Mirror | undefined {
    const { counters } = this.context;
    if (counters.mirrorsOpen >= limits.open) {
      counters.mirrors.Dropped += 1;
      return undefined;
    }
    counters.mirrors.Sent += 1;
    const mirror = new Mirror(this.context, target);
    mirror.write(first);
    return mirror;
  }

  write(data: string | Buffer): void {
    for (const copy of this.copies) copy.write(data);
  }

  abandon(): void {
    for (const copy of this.copies) copy.cut();
  }
}

class Mirror implements UpstreamUser {
  /** Silence of its endpoint harms nothing else. */
  readonly upstreamAwaited = false;
  private readonly context: ServerContext;
  private readonly connection: UpstreamConnection;
  private received = 0;

  constructor(context: ServerContext, target: MirrorTarget) {
    const { counters, pool } = context;
    this.context = context;
    this.connection = pool.connect(target, this);
    counters.mirrorsOpen += 1;
    this.connection.whenClosed = () => (counters.mirrorsOpen -= 1);
  }

  write(data: string | Buffer): void {
    const { connection, context } = this;
    if (connection.socket.isDestroyed) return;
    connection.deadlineMs = context.deadlines.in(limits.silentMs);
    connection.write(data);
    if (connection.socket.queuedBytes > limits.queuedBytes) this.cut();
  }

  cut(): void {
    if (this.connection.socket.isDestroyed) return;
    this.context.counters.mirrors.Cut += 1;
    this.connection.destroy();
  }

  upstreamBytes(_bytes: Buffer, length: number): void {
    this.received += length;
    if (this.received > limits.responseBytes) this.connection.destroy();
  }

  upstreamEnded(): void {
    this.connection.destroy();
  }

  upstreamConnected(): void {}

  upstreamDrained(): void {}

  upstreamClosed(): void {}

  upstreamUnreachable(): void {}

  fault(error: unknown): void {
    this.context.faults.record(error, 'Upstream');
  }
}
