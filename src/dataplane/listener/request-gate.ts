/** Makes requests of heads, by what is known of their connection: who is at its other end, and which listener accepted it. */
import type { InFront, ServerContext } from '../context.ts';
import type { Head } from '../http/head.ts';
import type { Hop } from '../http/hop.ts';
import { refusals, type Refusal } from '../http/refusals.ts';
import { inspectRequest, Request } from '../http/request.ts';
import type { TcpSocket } from '../net/tcp-socket.ts';
import { describeHop } from './hop.ts';
import type { Opened } from './opened.ts';

export class RequestGate {
  private readonly socket: TcpSocket;
  private readonly context: ServerContext;
  private readonly opened: Opened;
  private hop: Hop;
  private hopTrust: InFront['trusted'];
  /** That by which the connection may be plain. */
  private terminationVersion: number | undefined;

  constructor(socket: TcpSocket, context: ServerContext, opened: Opened) {
    this.socket = socket;
    this.context = context;
    this.opened = opened;
    this.hopTrust = context.inFront.trusted;
    this.hop = this.describeHop();
  }

  private describeHop(): Hop {
    const { listener, header } = this.opened;
    return describeHop(this.socket, { trusted: this.hopTrust, scheme: listener.scheme, header });
  }

  /** `hasUnknownLength`: content follows whose length the head may not state. */
  admit(head: Head, { hasUnknownLength } = { hasUnknownLength: false }): Request | Refusal {
    if (this.lacksEncryption()) return refusals.EncryptionRequired;
    const { trusted } = this.context.inFront;
    if (this.hopTrust !== trusted) {
      this.hopTrust = trusted;
      this.hop = this.describeHop();
    }
    const request = inspectRequest(head, this.hop, hasUnknownLength);
    const { tls } = this.opened;
    const isMisdirected = tls !== undefined && request instanceof Request && tls.isMisdirected(request.host);
    return isMisdirected ? refusals.MisdirectedRequest : request;
  }

  /** The port has become one of HTTPS since the connection was accepted. */
  private lacksEncryption(): boolean {
    const { termination } = this.context;
    if (this.opened.tls !== undefined || this.terminationVersion === termination.version) return false;
    this.terminationVersion = termination.version;
    return termination.port(this.opened.listener.port) !== undefined;
  }
}
