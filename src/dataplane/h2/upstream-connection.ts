import type { Clock } from '../../platform/clock.ts';
import type { Head } from '../http/head.ts';
import type { EndpointLoad, UpstreamStream, UpstreamStreamUser } from '../streams.ts';
import type { UpstreamCodec, UpstreamConnection } from '../upstream/connection.ts';
import { preface } from '../http/preface.ts';
import { protocolError, type ConnectionError } from './frames.ts';
import type { AssembledHead, HeadAssembler, HeadKind } from './head-assembler.ts';
import { returnedWindowBytes, Session, type SessionRole } from './session.ts';
import { streamWindowBytes, type Stream } from './stream.ts';
import { Http2UpstreamStream, type StreamConnection } from './upstream-stream.ts';

export type Http2UpstreamPorts = {
  clock: Clock;
  /** Reused for each response. */
  responseHead: Head;
  responseAssembler: HeadAssembler;
  /** How long a connection without requests stays open. */
  idleDeadlineMs(): number;
};

/** What most endpoints accept. More of them go to another connection. */
const mostStreams = 100;
/**
 * The streams are of different clients: those that wait for clients who do not read must not stop the others, so each may have its whole window
 * beside what is not returned yet.
 */
const windowBytes = mostStreams * streamWindowBytes + returnedWindowBytes;
/** Ids are used up after this; another connection takes over long before. */
const maxStreams = 2 ** 30 - 1000;

/**
 * A connection to an endpoint that speaks HTTP/2: many requests at a time.
 *
 *   connecting ──► open ──GOAWAY, ids used up──► leaving ──last stream over──► closed
 *       └────────────┴── error, idle deadline ─────────────────────────────► closed
 */
export class Http2UpstreamConnection implements UpstreamCodec, SessionRole, StreamConnection {
  private readonly connection: UpstreamConnection;
  private readonly ports: Http2UpstreamPorts;
  private readonly session: Session;
  /** Those that were leased; the ones that have sent their head are those of the session too. */
  private readonly leased = new Set<Http2UpstreamStream>();
  private readonly byStream = new Map<Stream, Http2UpstreamStream>();
  private nextId = 1;
  private isLeaving = false;
  private hasSettings = false;

  constructor(connection: UpstreamConnection, ports: Http2UpstreamPorts) {
    this.connection = connection;
    this.ports = ports;
    this.session = new Session({
      socket: connection.socket,
      peer: 'Server',
      role: this,
      clock: ports.clock,
      // Clients can make an app send what would cost: they would end the connection of others.
      budget: undefined,
      windowBytes,
      assembler: ports.responseAssembler,
    });
  }

  get isConnected(): boolean {
    return this.connection.connected;
  }

  get acceptsWebSockets(): boolean | undefined {
    return this.hasSettings ? this.session.peer.enableConnectProtocol : undefined;
  }

  get isReused(): boolean {
    return this.nextId > 1;
  }

  get endpoint(): EndpointLoad {
    return this.connection.group;
  }

  get queuedBytes(): number {
    return this.connection.socket.queuedBytes;
  }

  get upstreamAwaited(): boolean {
    for (const { user } of this.leased) if (user.upstreamAwaited) return true;
    return false;
  }

  // Streams.

  lease(user: UpstreamStreamUser): UpstreamStream | undefined {
    const most = Math.min(mostStreams, this.session.peer.maxConcurrentStreams);
    if (this.isLeaving || this.session.isOver || this.leased.size >= most) return undefined;
    const stream = new Http2UpstreamStream(this.session, this, user);
    this.leased.add(stream);
    this.connection.deadlineMs = Infinity;
    return stream;
  }

  open(stream: Http2UpstreamStream): boolean {
    if (this.isLeaving || this.session.isOver) return false;
    stream.stream.open(this.nextId);
    this.session.streams.set(this.nextId, stream.stream);
    this.byStream.set(stream.stream, stream);
    this.nextId += 2;
    if (this.nextId >= maxStreams * 2) this.isLeaving = true;
    return true;
  }

  left(stream: Http2UpstreamStream): void {
    this.leased.delete(stream);
    this.rest();
  }

  streamClosed(stream: Stream): void {
    this.byStream.delete(stream);
    this.rest();
  }

  /** Without a request, the connection closes: at once if it takes no more. */
  private rest(): void {
    if (this.leased.size > 0 || this.byStream.size > 0) return;
    if (this.isLeaving) this.connection.destroy();
    else this.connection.deadlineMs = this.ports.idleDeadlineMs();
  }

  // The connection.

  upstreamConnected(): void {
    this.session.begin(
      { EnablePush: 0, MaxHeaderListSize: this.ports.responseHead.limits.headBytes },
      preface.toString('latin1'),
    );
    for (const stream of Array.from(this.leased)) stream.ready();
  }

  upstreamBytes(bytes: Buffer, length: number): void {
    this.session.read(bytes, 0, length);
  }

  upstreamDrained(): void {
    this.session.socketDrained();
  }

  upstreamEnded(): void {
    this.connection.destroy();
    this.endAll('closed the connection');
  }

  upstreamClosed(reason: string): void {
    this.endAll(reason);
  }

  private endAll(reason: string): void {
    this.isLeaving = true;
    this.session.endStreams();
    for (const stream of Array.from(this.leased)) stream.connectFailed(reason);
  }

  upstreamUnreachable(): void {
    this.isLeaving = true;
    for (const stream of Array.from(this.leased)) stream.unreachable();
    this.session.endStreams();
  }

  failed(error: ConnectionError): void {
    this.connection.destroy();
    this.endAll(error.detail);
  }

  fault(error: unknown): void {
    this.connection.group.fault(error);
    this.endAll('an internal error');
  }

  // Frames.

  headKind(streamId: number): HeadKind {
    const stream = this.session.streams.get(streamId);
    const upstream = stream === undefined ? undefined : this.byStream.get(stream);
    return upstream?.hasHead === true ? 'trailers' : 'response';
  }

  /** Only this end opens streams. */
  isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || streamId >= this.nextId;
  }

  headersReceived(
    streamId: number,
    head: Head,
    outcome: AssembledHead,
    endStream: boolean,
  ): ConnectionError | undefined {
    if (this.isIdle(streamId)) return protocolError('HEADERS of a stream that is not open');
    const stream = this.session.streams.get(streamId);
    const upstream = stream === undefined ? undefined : this.byStream.get(stream);
    upstream?.headReceived(head, outcome, endStream);
    return undefined;
  }

  goAwayReceived(lastStreamId: number): void {
    this.isLeaving = true;
    for (const upstream of Array.from(this.leased)) {
      if (upstream.stream.id > lastStreamId) upstream.refused();
    }
    this.rest();
  }

  settingsReceived(): void {
    this.hasSettings = true;
    for (const stream of Array.from(this.leased)) stream.settingsReceived();
  }

  streamFailed(): void {}
}
