import { keepAliveSeconds, inspectConnection } from '../http/connection-options.ts';
import { responseFraming } from '../http/framing.ts';
import type { Head } from '../http/head.ts';
import { parseResponseHead, parseTrailers } from '../http/head-parser.ts';
import type { Framing } from '../http/message.ts';
import type { Refusal } from '../http/refusals.ts';
import type { Request } from '../http/request.ts';
import { appended, noBytes } from '../net/byte-copy.ts';
import { noRange, type Range } from '../net/tcp-socket.ts';
import { noUpstreamUser, type RequestChanges, type UpstreamStream, type UpstreamStreamUser } from '../streams.ts';
import type { UpstreamCodec, UpstreamConnection } from '../upstream/connection.ts';
import { BodyReader } from './body.ts';
import { encodeRequestHead } from './head-encoder.ts';
import type { KnownResponses } from './known-responses.ts';
import { MessageWriter } from './message-writer.ts';

/** From here on a buffer of its own pays for the connection. */
const largeRemainder = 64 * 1024;

export type UpstreamPorts = {
  /** Reused for each response. */
  readonly responseHead: Head;
  /** Of each pod. */
  readonly knownResponses: (group: UpstreamConnection['group']) => KnownResponses;
  /** The connection may carry another request. */
  give(connection: UpstreamConnection): void;
  /** The time for which bytes may wait to be sent, after both sides have ended. */
  stallDeadlineMs(): number;
};

type Step = 'idle' | 'head' | 'body' | 'tunnel';

/**
 * The stream of a connection that speaks HTTP/1.1: one request after another.
 *
 *   idle ──request──► head ──1xx──► head
 *                      ├──101──► tunnel ──both sides ended──► closed
 *                      └──final──► body ──its end──► idle, if the request was sent too; otherwise closed
 */
export class Http1UpstreamStream implements UpstreamStream, UpstreamCodec {
  user: UpstreamStreamUser = noUpstreamUser;
  readonly mayRefuse = false;
  private readonly connection: UpstreamConnection;
  private readonly ports: UpstreamPorts;
  private readonly request: MessageWriter;
  private readonly known: KnownResponses;
  private readonly body = new BodyReader();
  /** Of a read in a tunnel: from its beginning. */
  private readonly whole: Range = { from: 0, to: 0 };
  private step: Step = 'idle';
  private method = '';
  private requestDone = true;
  private partialHead: Buffer | undefined;
  /** The connection may carry another request after this response. */
  private stays = false;
  private isPaused = false;

  constructor(connection: UpstreamConnection, ports: UpstreamPorts) {
    this.connection = connection;
    this.ports = ports;
    this.request = new MessageWriter(connection.socket);
    this.known = ports.knownResponses(connection.group);
  }

  lease(user: UpstreamStreamUser): UpstreamStream {
    this.user = user;
    return this;
  }

  get isReused(): boolean {
    return this.connection.reused;
  }

  get isReady(): boolean {
    return this.connection.connected;
  }

  get endpoint(): UpstreamConnection['group'] {
    return this.connection.group;
  }

  get queuedBytes(): number {
    return this.connection.socket.queuedBytes;
  }

  get upstreamAwaited(): boolean {
    return this.user.upstreamAwaited;
  }

  // The request.

  sendHead(request: Request, changes: RequestChanges, endStream: boolean): void {
    this.method = request.method;
    this.step = 'head';
    this.requestDone = endStream;
    this.stays = false;
    this.request.begin(encodeRequestHead(request, changes), request.framing.kind === 'chunked');
  }

  sendContent(bytes: Buffer, range: Range, endStream: boolean): boolean {
    const isReady = this.request.content(bytes, range, endStream);
    if (endStream) this.requestEnded();
    return isReady;
  }

  sendTrailers(trailers: Head | undefined): void {
    this.request.trailers(trailers);
    this.requestEnded();
  }

  private requestEnded(): void {
    this.requestDone = true;
    if (this.step === 'tunnel') this.connection.socket.end();
  }

  flush(): void {
    this.request.flush();
  }

  abort(): void {
    this.user = noUpstreamUser;
    this.connection.destroy();
  }

  close(): void {
    const { connection } = this;
    this.user = noUpstreamUser;
    connection.user = undefined;
    connection.deadlineMs = this.ports.stallDeadlineMs();
    connection.socket.end();
  }

  // The response.

  pauseResponse(): void {
    this.isPaused = true;
    this.connection.socket.pause();
  }

  readResponse(): void {
    this.isPaused = false;
    this.connection.socket.resume();
  }

  upstreamConnected(): void {
    this.user.upstreamReady();
  }

  upstreamBytes(bytes: Buffer, length: number): void {
    const { user } = this;
    if (this.step === 'head') this.readHeads(bytes, length);
    else if (this.step === 'body') this.readBody(bytes, 0, length);
    else if (this.step === 'tunnel') this.passOn(bytes, length);
    if (this.user === user && this.step !== 'idle') user.responsePaused();
  }

  /** Of an upgraded stream. */
  private passOn(bytes: Buffer, length: number): void {
    this.whole.to = length;
    this.user.responseContent(bytes, this.whole, false);
  }

  private readHeads(bytes: Buffer, length: number): void {
    if (this.partialHead === undefined) {
      this.parseHeads(bytes, length);
    } else {
      const joined = appended(this.partialHead, bytes, length);
      this.parseHeads(joined, joined.length);
    }
  }

  private parseHeads(bytes: Buffer, length: number): void {
    const { responseHead: head } = this.ports;
    const { user } = this;
    this.partialHead = undefined;
    const known = this.known.find(bytes, length);
    if (known !== undefined) {
      this.takeHead(known, bytes, length);
      return;
    }
    // Its user may end the stream after each.
    for (let at = 0; this.step === 'head' && this.user === user; at = head.end) {
      const outcome = at === length ? 'incomplete' : parseResponseHead(head, bytes, at, length);
      if (outcome === 'incomplete') {
        this.partialHead = at === length ? undefined : appended(undefined, bytes.subarray(at), length - at);
        return;
      }
      if (outcome === 'complete') this.takeHead(at === 0 ? this.known.learn(length, head) : head, bytes, length);
      else this.refuse(outcome);
    }
  }

  /** `bytes`: those that were read, of which the head may be a copy. */
  private takeHead(head: Head, bytes: Buffer, length: number): void {
    head.connection = inspectConnection(head);
    const framing = responseFraming(head, this.method);
    if ('status' in framing) {
      this.refuse(framing);
    } else if (head.status === 101) {
      this.step = 'tunnel';
      this.requestDone = false;
      this.takeSwitch(head, bytes, length);
    } else if (head.status < 200) {
      this.user.responseInterim(head);
    } else {
      this.takeFinalHead(head, framing, { bytes, length });
    }
  }

  private takeSwitch(head: Head, bytes: Buffer, length: number): void {
    const { user } = this;
    const { end } = head;
    user.responseHead(head, false);
    if (end < length && this.step === 'tunnel') this.user.responseContent(bytes, { from: end, to: length }, false);
  }

  private takeFinalHead(head: Head, framing: Framing, { bytes, length }: { bytes: Buffer; length: number }): void {
    const { end } = head;
    this.step = 'body';
    this.body.begin(framing);
    this.stays = head.minorVersion === 1 && !head.connection.close && framing.kind !== 'untilClose';
    if (!this.connection.reused) this.connection.idleLimitMs = idleLimitMs(head);
    const isEmpty = this.body.done;
    this.user.responseHead(head, isEmpty);
    if (isEmpty) this.responseEnded(end === length);
    else if (this.step === 'body') this.readBody(bytes, end, length);
  }

  private readBody(bytes: Buffer, from: number, to: number): void {
    const { body } = this;
    const end = body.read(bytes, from, to);
    const { content, done } = body;
    if (body.refusal !== undefined) {
      this.refuse(body.refusal);
    } else if (done && body.trailers !== '') {
      this.takeTrailers(bytes, end === to);
    } else if (done || content.to > content.from) {
      this.user.responseContent(bytes, content, done);
      if (done) this.responseEnded(end === to);
      else this.expectMore();
    }
  }

  /** Much of it may still be to come. */
  private expectMore(): void {
    if (this.body.kind === 'length' && this.body.remaining > largeRemainder) this.connection.socket.expect('Large');
  }

  private takeTrailers(bytes: Buffer, isLast: boolean): void {
    const { content } = this.body;
    const trailers = parseTrailers(this.body.trailers, this.ports.responseHead.limits);
    if ('reason' in trailers) {
      this.refuse(trailers);
      return;
    }
    if (content.to > content.from) this.user.responseContent(bytes, content, false);
    this.user.responseEnded(trailers);
    this.responseEnded(isLast);
  }

  /** `isLast`: no bytes follow. Such bytes belong to no request, and the next request on the connection would receive them. */
  private responseEnded(isLast: boolean): void {
    if (this.step === 'idle') return;
    const { connection } = this;
    this.user = noUpstreamUser;
    this.step = 'idle';
    // A request that was not sent completely leaves the connection in the middle of a message.
    if (this.stays && isLast && this.requestDone && connection.socket.queuedBytes === 0) {
      connection.socket.expect('Stream', !this.isPaused);
      if (this.isPaused) this.readResponse();
      this.ports.give(connection);
    } else {
      connection.destroy();
    }
  }

  private refuse(refusal: Refusal): void {
    const { user } = this;
    this.step = 'idle';
    user.responseInvalid(refusal);
    this.abort();
  }

  upstreamDrained(): void {
    this.user.upstreamDrained();
  }

  upstreamEnded(): void {
    if (this.step === 'tunnel') {
      this.user.responseContent(noBytes, noRange, true);
    } else if (this.step === 'body' && this.body.kind === 'untilClose') {
      this.user.responseEnded(undefined);
      this.responseEnded(true);
    } else {
      this.connection.destroy();
      this.user.upstreamGone('closed the connection');
    }
  }

  upstreamClosed(reason: string): void {
    this.user.upstreamGone(reason);
  }

  upstreamUnreachable(): void {
    this.user.upstreamUnreachable();
  }

  fault(error: unknown): void {
    const { user } = this;
    this.user = noUpstreamUser;
    user.fault(error);
  }
}

function idleLimitMs(head: Head): number | undefined {
  const seconds = keepAliveSeconds(head);
  return seconds === undefined ? undefined : seconds * 1000;
}
