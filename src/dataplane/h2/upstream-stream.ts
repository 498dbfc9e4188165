import { inspectConnection } from '../http/connection-options.ts';
import { responseFraming } from '../http/framing.ts';
import type { Head } from '../http/head.ts';
import { refusals, type Refusal } from '../http/refusals.ts';
import type { Request } from '../http/request.ts';
import { noBytes } from '../net/byte-copy.ts';
import { noRange, type Range } from '../net/tcp-socket.ts';
import {
  noUpstreamUser,
  type EndpointLoad,
  type RequestChanges,
  type UpstreamStream,
  type UpstreamStreamUser,
} from '../streams.ts';
import { ErrorCode } from './frames.ts';
import type { AssembledHead } from './head-assembler.ts';
import { requestBlock, trailerBlock, webSocketBlock } from './message-blocks.ts';
import type { Session } from './session.ts';
import { Stream, type StreamUser } from './stream.ts';
import { isWebSocket, switchedHead } from './web-sockets.ts';

/** What a stream needs of its connection. */
export interface StreamConnection {
  readonly isConnected: boolean;
  readonly isReused: boolean;
  /** As upgraded streams (RFC 8441). Undefined until the endpoint has announced its settings. */
  readonly acceptsWebSockets: boolean | undefined;
  readonly endpoint: EndpointLoad;
  readonly queuedBytes: number;
  /** Gives the stream the next id. Returns false if the connection takes no more. */
  open(stream: Http2UpstreamStream): boolean;
  left(stream: Http2UpstreamStream): void;
  fault(error: unknown): void;
}

/**
 * A request to an endpoint that speaks HTTP/2, and its response.
 *
 *   leased ──request──► head ──1xx──► head ──final──► body ──its end──► over
 *     └────────────────────┴── reset, GOAWAY, connection closed ────────► over
 */
export class Http2UpstreamStream implements UpstreamStream, StreamUser {
  user: UpstreamStreamUser;
  readonly stream: Stream;
  /** The endpoint says so when it has not processed a request. */
  readonly mayRefuse = true;
  private readonly connection: StreamConnection;
  private readonly isOfReused: boolean;
  /** By the app. */
  private wasReset = false;
  private method = '';
  /** The final head was received. */
  hasHead = false;
  private isOver = false;
  /** Sends the head, which waits for the settings of the endpoint. */
  private waiting: (() => void) | undefined;
  /** Of a WebSocket that was requested. */
  private webSocketKey: string | undefined;
  private isUpgraded = false;

  constructor(session: Session, connection: StreamConnection, user: UpstreamStreamUser) {
    this.connection = connection;
    this.user = user;
    this.isOfReused = connection.isReused;
    this.stream = new Stream(session, this);
  }

  /** An app that resets a stream has not closed the connection unknown to us. */
  get isReused(): boolean {
    return this.isOfReused && !this.wasReset;
  }

  get isReady(): boolean {
    return this.connection.isConnected;
  }

  get endpoint(): EndpointLoad {
    return this.connection.endpoint;
  }

  get queuedBytes(): number {
    return this.connection.queuedBytes;
  }

  // The request.

  sendHead(request: Request, changes: RequestChanges, endStream: boolean): void {
    this.method = request.method;
    if (!endStream || !isWebSocket(request)) {
      this.begin(requestBlock(request, changes), endStream);
    } else if (this.connection.acceptsWebSockets === undefined) {
      request.keep();
      this.waiting = () => this.sendWebSocket(request, changes);
    } else {
      this.sendWebSocket(request, changes);
    }
  }

  /** To an endpoint that accepts none, a request without an upgrade: it says itself what it makes of that. */
  private sendWebSocket(request: Request, changes: RequestChanges): void {
    if (this.connection.acceptsWebSockets !== true) {
      this.begin(requestBlock(request, changes), true);
      return;
    }
    this.webSocketKey = request.header('sec-websocket-key') ?? '';
    this.begin(webSocketBlock(request, changes), false);
  }

  private begin(block: string, endStream: boolean): void {
    if (!this.connection.open(this)) {
      this.over((user) => user.upstreamGone('the connection takes no more streams', { wasProcessed: false }));
      return;
    }
    this.stream.read();
    this.stream.sendHeaders(block, endStream);
  }

  settingsReceived(): void {
    const { waiting } = this;
    this.waiting = undefined;
    this.call(() => waiting?.());
  }

  sendContent(bytes: Buffer, range: Range, endStream: boolean): boolean {
    return this.stream.sendContent(bytes, range, endStream);
  }

  sendTrailers(trailers: Head | undefined): void {
    if (trailers === undefined) this.stream.sendContent(noBytes, noRange, true);
    else this.stream.sendTrailers(trailerBlock(trailers));
  }

  flush(): void {}

  drained(): void {
    this.call((user) => user.upstreamDrained());
  }

  abort(): void {
    this.over(() => undefined);
    this.stream.reset(ErrorCode.Cancel);
  }

  close(): void {
    this.over(() => undefined);
    this.stream.sendContent(noBytes, noRange, true);
    this.stream.ignoreRest();
  }

  // The response.

  pauseResponse(): void {
    this.stream.pause();
  }

  readResponse(): void {
    this.stream.read();
  }

  headReceived(head: Head, outcome: AssembledHead, endStream: boolean): void {
    if (outcome !== 'complete') {
      this.invalid(outcome === 'malformed' ? refusals.InvalidFieldValue : outcome);
    } else if (this.hasHead) {
      if (!endStream || !this.stream.receiveTrailers(head)) this.invalid(refusals.InvalidTrailer);
    } else {
      this.takeHead(head, endStream);
    }
  }

  private takeHead(head: Head, endStream: boolean): void {
    head.connection = inspectConnection(head);
    if (head.status < 200) {
      if (endStream || head.status === 101) this.invalid(refusals.InvalidStatusLine);
      else this.call((user) => user.responseInterim(head));
      return;
    }
    if (this.webSocketKey !== undefined && head.status < 300) {
      this.switched(switchedHead(head, this.webSocketKey), endStream);
    } else {
      this.takeFinalHead(head, endStream);
    }
  }

  private takeFinalHead(head: Head, endStream: boolean): void {
    const framing = responseFraming(head, this.method);
    if ('status' in framing) {
      this.invalid(framing);
      return;
    }
    if (endStream && framing.kind === 'length' && framing.bytes > 0) {
      this.invalid(refusals.InvalidContentLength);
      return;
    }
    this.hasHead = true;
    this.stream.isRemoteClosed = endStream;
    this.stream.expect(framing.kind === 'length' ? framing.bytes : undefined);
    // Some servers end even a response to HEAD later. Nothing that they send until then is content.
    const isEmpty = endStream || framing.kind === 'none';
    const { user } = this;
    if (isEmpty) this.over(() => undefined);
    this.callOn(user, () => user.responseHead(head, isEmpty));
    if (isEmpty) this.responseEnded();
  }

  /** Both directions are a WebSocket from now on, and each ends by itself. */
  private switched(head: Head, endStream: boolean): void {
    this.hasHead = true;
    this.isUpgraded = true;
    this.stream.isRemoteClosed = endStream;
    this.call((user) => user.responseHead(head, false));
    if (endStream) this.call((user) => user.responseContent(noBytes, noRange, true));
  }

  /** A response may end before its request: the rest of that is not sent. */
  private responseEnded(): void {
    if (this.stream.isLocalClosed && this.stream.isRemoteClosed) this.stream.ended();
    else this.stream.reset(ErrorCode.Cancel);
  }

  content(bytes: Buffer, range: Range, endStream: boolean): void {
    if (!this.hasHead) {
      this.invalid(refusals.InvalidStatusLine);
      return;
    }
    const { user } = this;
    const isLast = endStream && !this.isUpgraded;
    if (isLast) this.over(() => undefined);
    this.callOn(user, () => {
      user.responseContent(bytes, range, endStream);
      if (!endStream) user.responsePaused();
    });
    if (isLast) this.responseEnded();
  }

  trailers(trailers: Head): void {
    if (this.isUpgraded) {
      this.content(noBytes, noRange, true);
      return;
    }
    this.over((user) => user.responseEnded(trailers));
    this.responseEnded();
  }

  private invalid(refusal: Refusal): void {
    this.over((user) => (this.isUpgraded ? user.upstreamGone('sent no valid message') : user.responseInvalid(refusal)));
    this.stream.reset(ErrorCode.ProtocolError);
  }

  gone(code: ErrorCode | undefined): void {
    this.wasReset = code !== undefined;
    const reason = code === undefined ? 'closed the connection' : `reset the stream with code ${code}`;
    this.over((user) => user.upstreamGone(reason, { wasProcessed: code !== ErrorCode.RefusedStream }));
  }

  /** The connection goes away, and has not processed the request. */
  refused(): void {
    this.over((user) => user.upstreamGone('sent GOAWAY', { wasProcessed: false }));
  }

  connectFailed(reason: string): void {
    this.over((user) => user.upstreamGone(reason));
  }

  unreachable(): void {
    this.over((user) => user.upstreamUnreachable());
  }

  ready(): void {
    this.call((user) => user.upstreamReady());
  }

  /** The user learns no more after this. */
  private over(last: (user: UpstreamStreamUser) => void): void {
    if (this.isOver) return;
    const { user } = this;
    this.isOver = true;
    this.waiting = undefined;
    this.user = noUpstreamUser;
    this.connection.left(this);
    this.callOn(user, () => last(user));
  }

  /** Each call is a fault boundary: see `faults.ts`. */
  private call(callback: (user: UpstreamStreamUser) => void): void {
    const { user } = this;
    this.callOn(user, () => callback(user));
  }

  private callOn(user: UpstreamStreamUser, callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.stream.reset(ErrorCode.InternalError);
      user.fault(error);
    }
  }
}
