import { plainAddress } from '../net/addresses.ts';
import { appended } from '../net/byte-copy.ts';
import type { Timed } from '../net/deadlines.ts';
import type { SocketUser, TcpSocket } from '../net/tcp-socket.ts';
import { parseProxyHeader } from '../net/proxy-protocol.ts';
import type { ProxyHeader } from '../net/proxy-protocol.ts';
import { alerts } from '../tls/alerts.ts';
import { parseClientHello } from '../tls/client-hello.ts';
import { ConnectionTls, listenerFor } from '../tls/connection-tls.ts';
import type { HandshakeFailure, HandshakeSettings } from '../tls/handshake.ts';
import { shakeHands } from '../tls/shake-hands.ts';
import type { TlsPort } from '../tls/termination.ts';
import { countReason } from '../counters.ts';
import type { ProxyProtocolRefusal } from '../counters.ts';
import type { OpenConnection } from './open-connections.ts';
import type { Opened } from './opened.ts';
import type { ServerContext } from '../context.ts';
import { endWith, refuseConnection, refusePlainHttp } from './refuse-connection.ts';
import type { Waiting } from './turns.ts';

/** What a connection had before its first request. `rest`: the bytes of that request that have arrived already. */
export type Ready = Pick<Opened, 'header' | 'tls' | 'protocol' | 'deadlineMs'> & {
  socket: TcpSocket;
  rest?: Buffer | undefined;
};

export type OpeningParts = Pick<Opened, 'place' | 'closed'> & {
  context: ServerContext;
  transport: TcpSocket;
  /** Undefined: the connections of the port are not encrypted. */
  port: TlsPort | undefined;
  /** Called once, unless the connection is closed before; from then on `closed` is the caller's task. */
  ready(connection: Ready): void;
};

type Step = 'preface' | 'hello' | 'handshake' | 'over';

/**
 * A connection of a client before its first request, unless that comes at once.
 *
 *   preface ──header of the PROXY protocol──► hello ──server name──► handshake ──► over: a ClientConnection continues
 *      └──────────────────┴── refused, closed, timeout ──┴────────────────────────► over: closed
 */
export class Opening implements OpenConnection, SocketUser, Timed, Waiting {
  readonly carried = { requests: 0, upgrades: 0 };
  deadlineMs: number;
  private readonly parts: OpeningParts;
  private step: Step = 'hello';
  private kept: Buffer | undefined;
  private header: ProxyHeader | undefined;
  private chosen: (HandshakeSettings & { hello: Buffer; tls: ConnectionTls }) | undefined;
  /** Which has the connection. */
  private socket: TcpSocket;
  private isReady = false;
  private protocol: Opened['protocol'] = 'HTTP1';

  constructor(parts: OpeningParts) {
    this.parts = parts;
    const { context, transport } = parts;
    this.socket = transport;
    this.deadlineMs = context.deadlines.in(context.timeouts.headMs);
    transport.user = this;
    if (context.inFront.proxyProtocol !== 'Required') return;
    this.step = 'preface';
    // The header states whatever its sender wants: only a trusted proxy may send one.
    const isTrusted = context.inFront.trusted.has(plainAddress(transport.remoteAddress));
    if (!isTrusted) this.refusePreface('UntrustedPeer');
  }

  // Callbacks of the socket. Each is a fault boundary: see `faults.ts`.

  /** It was accepted. */
  socketConnected(): void {}

  socketBytes(bytes: Buffer, length: number): void {
    this.kept = appended(this.kept, bytes, length);
    if (this.step === 'preface') this.readPreface(this.kept);
    else if (this.step === 'hello') this.readHello(this.kept);
  }

  socketDrained(): void {}

  /** Before any byte, this is how load balancers check a port. */
  socketEnded(): void {
    if (this.isReady) return;
    if (this.step === 'handshake' || (this.step === 'hello' && this.kept !== undefined)) this.failed('ClientClosed');
    this.cut('close');
  }

  socketFinished(): void {}

  socketClosed(): void {
    if (this.isReady) return;
    this.socketEnded();
    this.parts.closed();
  }

  private readPreface(bytes: Buffer): void {
    const outcome = parseProxyHeader(bytes);
    if (outcome.kind === 'incomplete') return;
    if (outcome.kind === 'refused') {
      this.refusePreface(outcome.reason);
      return;
    }
    const { header } = outcome;
    if (header.client !== undefined && !this.parts.place.moveTo(plainAddress(header.client.address))) {
      this.refuseClient();
      return;
    }
    this.header = header;
    this.kept = header.end < bytes.length ? bytes.subarray(header.end) : undefined;
    this.step = 'hello';
    if (this.parts.port === undefined) this.finish(this.parts.transport, this.kept);
    else if (this.kept !== undefined) this.readHello(this.kept);
  }

  private readHello(bytes: Buffer): void {
    const outcome = parseClientHello(bytes);
    switch (outcome.kind) {
      case 'incomplete':
        return;
      case 'hello':
        this.choose(outcome.serverName, bytes);
        return;
      case 'malformed':
        this.refuseHello('Refused', alerts.decodeError);
        return;
      case 'notTls':
        this.failed('NotTLS');
        refusePlainHttp(this.parts.transport, { nowMs: this.parts.context.clock.nowMs(), closed: this.parts.closed });
    }
  }

  private choose(serverName: string, hello: Buffer): void {
    const { context, port, transport } = this.parts;
    if (port === undefined) return;
    const listener = listenerFor(port, serverName);
    const secureContext = listener?.certificates.contextFor(serverName);
    if (listener === undefined) this.refuseHello('UnknownName', alerts.unrecognizedName);
    else if (secureContext === undefined) this.refuseHello('NoCertificate', alerts.handshakeFailure);
    else {
      this.step = 'handshake';
      const clients = listener.certificates.clients?.mode;
      this.chosen = { hello, tls: new ConnectionTls(port, listener, serverName), secureContext, clients };
      transport.pause();
      context.handshakeTurns.wait(this);
    }
  }

  /** The handshake begins: it costs up to a millisecond of the processor. */
  nextTurn(): void {
    const { chosen, step } = this;
    const { transport } = this.parts;
    if (step !== 'handshake' || chosen === undefined) return;
    try {
      this.socket = shakeHands({ transport, hello: chosen.hello }, chosen, {
        secured: (socket, protocol) => {
          this.protocol = protocol === 'h2' ? 'HTTP2' : 'HTTP1';
          this.finish(socket);
        },
        failed: (reason) => this.failed(reason),
        closed: () => this.socketClosed(),
        fault: (error) => this.fault(error),
      });
    } catch (error) {
      this.fault(error);
    }
  }

  private finish(socket: TcpSocket, rest?: Buffer): void {
    this.step = 'over';
    this.isReady = true;
    if (this.chosen !== undefined) this.parts.context.counters.tlsHandshakes += 1;
    const { deadlineMs, header, protocol } = this;
    this.parts.ready({ socket, deadlineMs, header, protocol, tls: this.chosen?.tls, rest });
  }

  private failed(reason: HandshakeFailure): void {
    if (this.step === 'over') return;
    this.step = 'over';
    this.parts.context.counters.tlsHandshakeFailures[reason] += 1;
  }

  private refuseHello(reason: HandshakeFailure, alert: Buffer): void {
    const { transport, closed } = this.parts;
    this.failed(reason);
    endWith(transport, alert, closed);
  }

  /** Without a response: who sends no such header does not speak for a client, and may not speak HTTP. */
  private refusePreface(reason: ProxyProtocolRefusal): void {
    countReason(this.parts.context.counters.proxyProtocolRefusals, reason);
    this.cut('close');
  }

  private refuseClient(): void {
    const { transport, context, port, closed } = this.parts;
    context.counters.limitRefusals.connectionsPerAddress += 1;
    this.step = 'over';
    const at = { nowMs: context.clock.nowMs(), closed };
    if (port === undefined) refuseConnection(transport, 'connectionsPerAddress', at);
    else transport.destroy();
  }

  fault(error: unknown): void {
    this.parts.context.faults.record(error, 'Client');
    this.cut('close');
  }

  deadlinePassed(): void {
    if (this.step === 'preface') this.refusePreface('Timeout');
    else this.failed('Timeout');
    this.cut('close');
  }

  get isDone(): boolean {
    return this.step === 'over';
  }

  announceShutdown(): void {}

  /** Shutdown: a client that has begun may finish, and send a request. */
  closeIfIdle(): void {
    if (this.kept === undefined) this.cut('close');
  }

  endOfGrace(): void {
    this.cut('close');
  }

  cut(how: 'close' | 'reset'): void {
    this.step = 'over';
    if (how === 'reset') this.socket.reset();
    else this.socket.destroy();
  }
}
