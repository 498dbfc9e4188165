/**
 * The interface between the codecs and the exchange. A codec (h1/, h2/) reads and writes one version of HTTP; an exchange takes one request from a stream of
 * a client to a stream of an endpoint, and the response back. What crosses: heads as `http/head.ts` has them, changes to them, pieces of bodies without
 * framing, trailers, and the end. Bytes are valid until the call returns: the next read of any connection may overwrite them.
 *
 *   ClientStream ──request──► ClientStreamUser           UpstreamStream ──response──► UpstreamStreamUser
 *        ▲                        exchange                     ▲                          exchange
 *        └───────response─────────────┘                        └────────request───────────────┘
 */
import type { Head } from './http/head.ts';
import type { HeaderEdits } from './http/header-edits.ts';
import type { HeaderField } from './http/header-fields.ts';
import type { Refusal } from './http/refusals.ts';
import type { Request } from './http/request.ts';
import type { Range } from './net/tcp-socket.ts';
import type { Reply, RequestEdits, TokenFilter } from './routing.ts';

/** What changes in a request on its way to the endpoint. */
export type RequestChanges = {
  readonly filter: TokenFilter;
  /** Of the filters of the route. */
  readonly edits: RequestEdits | undefined;
  /** The connection is not used again. */
  readonly isLast?: boolean;
};

/** What changes in a response on its way to the client. */
export type ResponseChanges = {
  /** Removes what the app must not set. Undefined if no session is involved. */
  readonly filter: TokenFilter | undefined;
  /** Of the filters of the route. */
  readonly edits: HeaderEdits | undefined;
  /** What the session adds: it gives a token or removes it. */
  readonly sessionFields: readonly HeaderField[];
  /** Of the request. */
  readonly method: string;
};

/** One request of a client, and its response. `endStream`: nothing follows. */
export interface ClientStream {
  user: ClientStreamUser;
  /** By the deadlines of the server, when the user is called. */
  deadlineMs: number;
  /** The client sends no more, and may or may not still read. */
  readonly halfClosed: boolean;
  /** Passes the body on, from its beginning or from where it was paused. */
  readRequest(): void;
  pauseRequest(): void;
  /** A 1xx, other than 101. */
  sendInterim(head: Head, changes: ResponseChanges): void;
  /** May wait for the content that follows in the same turn: `flush` sends it. With status 101, both directions are bytes of another protocol from now on. */
  sendHead(head: Head, changes: ResponseChanges, endStream: boolean): void;
  /** Returns false if the next piece must wait for `clientDrained`. */
  sendContent(bytes: Buffer, range: Range, endStream: boolean): boolean;
  /** Ends the stream. Undefined: there are none. */
  sendTrailers(trailers: Head | undefined): void;
  flush(): void;
  /** Responds instead of the app, and ends the stream. `closes`: its connection too. */
  reply(reply: Reply, form?: { closes: boolean }): void;
  /** As `reply`, to a request that is not valid. */
  refuse(refusal: Refusal): void;
  /** Ends the stream so that the client sees that the response is not complete. */
  abort(): void;
  /** Ends an upgraded stream: what is queued is sent, what the client still sends is discarded. */
  close(): void;
  /** Called with what a call of the user threw: the stream ends, and no other one. */
  fault(error: unknown): void;
}

/** Each call is a fault boundary: see `faults.ts`. */
export interface ClientStreamUser {
  /** Of the current request, as far as it is known; for the log. */
  readonly requestId: string | undefined;
  requestContent(bytes: Buffer, range: Range, endStream: boolean): void;
  /** The end of the request, with its trailers, if it has some. */
  requestEnded(trailers: Head | undefined): void;
  requestInvalid(refusal: Refusal): void;
  clientDrained(): void;
  /** The client sends no more, but has not sent the whole request. */
  clientEnded(): void;
  /** The client does not want the response any more, or its connection is closed. */
  clientGone(): void;
  deadlinePassed(): void;
  /** A fault ended it: the state is unknown, and so the client's connection and the endpoint's are ended. */
  abort(): void;
  /** Ends an upgraded stream gracefully, on both sides. */
  close(): void;
}

/** Takes the requests of a stream: one in HTTP/2, one after another in HTTP/1.1. */
export interface RequestHandler extends ClientStreamUser {
  /** The request before is over. */
  begin(request: Request, listenerPort: number): void;
}

/** `unanswered`: requests that wait for the endpoint, to connect, to accept their bodies or to begin its answer; counted by their exchanges. */
export type EndpointLoad = { unanswered: number };

/** One request to an endpoint, and its response. */
export interface UpstreamStream {
  user: UpstreamStreamUser;
  /** Its connection has carried a request before: the app may have closed it already, unknown to us. */
  readonly isReused: boolean;
  /** The endpoint may say that it has not processed a request: then any request may be sent again. */
  readonly mayRefuse: boolean;
  /** Connected; otherwise `upstreamReady` follows. What is sent before waits for it. */
  readonly isReady: boolean;
  readonly endpoint: EndpointLoad;
  /** Bytes that the kernel has not accepted yet. */
  readonly queuedBytes: number;
  /** May wait for the content that follows in the same turn: `flush` sends it. */
  sendHead(request: Request, changes: RequestChanges, endStream: boolean): void;
  /** Returns false if the next piece must wait for `upstreamDrained`. */
  sendContent(bytes: Buffer, range: Range, endStream: boolean): boolean;
  sendTrailers(trailers: Head | undefined): void;
  flush(): void;
  pauseResponse(): void;
  readResponse(): void;
  /** Ends the stream, with its connection where that can carry no other. */
  abort(): void;
  /** Ends an upgraded stream: what is queued is sent, what the app still sends is discarded. */
  close(): void;
}

export interface UpstreamStreamUser {
  /** Whether the app owes a response; a body or an upgraded stream may be silent. */
  readonly upstreamAwaited: boolean;
  upstreamReady(): void;
  responseInterim(head: Head): void;
  responseHead(head: Head, endStream: boolean): void;
  responseContent(bytes: Buffer, range: Range, endStream: boolean): void;
  responseEnded(trailers: Head | undefined): void;
  /** Nothing more follows from this read. */
  responsePaused(): void;
  responseInvalid(refusal: Refusal): void;
  upstreamDrained(): void;
  /** The stream has ended before its response, or could not begin. `wasProcessed`: false if the endpoint has said that it was not. */
  upstreamGone(reason: string, how?: { wasProcessed: boolean }): void;
  /** Several attempts to reach the endpoint got no response: its node or the network to it may have failed. */
  upstreamUnreachable(): void;
  /** Called with what one of these callbacks threw; the stream has ended by then. */
  fault(error: unknown): void;
}

/** Of a stream without a user. */
export const noUpstreamUser: UpstreamStreamUser = {
  upstreamAwaited: false,
  upstreamReady: () => undefined,
  responseInterim: () => undefined,
  responseHead: () => undefined,
  responseContent: () => undefined,
  responseEnded: () => undefined,
  responsePaused: () => undefined,
  responseInvalid: () => undefined,
  upstreamDrained: () => undefined,
  upstreamGone: () => undefined,
  upstreamUnreachable: () => undefined,
  fault: () => undefined,
};
