/**
 * The access log: a JSON line for each finished request, or for a share of them. It never contains a query, a cookie, an authorization, a
 * session token or the address of a client. Off by default.
 */
import type { AccessLogSettings } from '../../wire/proxy-settings.ts';
import { clientRequestId, type ReplacedId } from '../http/request-ids.ts';
import { traceIdOf } from '../http/trace-context.ts';
import type { RequestView, RouteLabels, SessionHold } from '../routing.ts';
import type { LineWriter } from './line-writer.ts';

export interface AccessLog {
  /** Returns the entry of a request that begins; undefined if it is not among those that are logged. */
  begin(request: RequestView, listenerPort: number, replacedId: ReplacedId | undefined): AccessEntry | undefined;
}

export type AccessLogPorts = {
  /** The Gateway, and the listener and route of a request, by the current table. */
  labels: (request: RequestView, listenerPort: number) => RouteLabels;
  lines: Pick<LineWriter, 'write'>;
  nowMs: () => number;
  random: () => number;
};

/** Returns undefined if the access log is off. */
export function createAccessLog(settings: AccessLogSettings | undefined, ports: AccessLogPorts): AccessLog | undefined {
  if (settings === undefined || settings.numerator === 0) return undefined;
  const share = settings.numerator / settings.denominator;
  return {
    begin: (request, listenerPort, replacedId) =>
      share < 1 && ports.random() >= share ? undefined : new AccessEntry({ request, listenerPort, replacedId }, ports),
  };
}

/** A client writes both: a line must remain one write, and no tool should have to read a URL of 8 KiB. */
const maxPathLength = 1024;

/** Why there is no complete response of the app. `status`, `body`: of the response of the proxy itself. */
export type Outcome = { readonly reason: string; readonly status?: number; readonly body?: string };

type BegunRequest = { request: RequestView; listenerPort: number; replacedId: ReplacedId | undefined };

/** One request, until it is over. */
export class AccessEntry {
  /** Of the last attempt. */
  hold: SessionHold | undefined;
  /** Sent to the client: with heads, but of a response of the proxy itself only its body. */
  bytes = 0;
  /** By its route; undefined: none. */
  retries: number | undefined;
  private readonly ports: AccessLogPorts;
  private readonly beganMs: number;
  private readonly labels: RouteLabels;
  private readonly method: string;
  private readonly path: string;
  readonly requestId: string | undefined;
  private readonly traceId: string | undefined;

  /** The request is read now: its head is used again for the next one. */
  constructor({ request, listenerPort, replacedId }: BegunRequest, ports: AccessLogPorts) {
    this.ports = ports;
    this.beganMs = ports.nowMs();
    this.labels = ports.labels(request, listenerPort);
    this.method = request.method;
    this.path = request.path.slice(0, maxPathLength);
    this.requestId = replacedId === undefined ? clientRequestId(request) : replacedId.id;
    this.traceId = traceIdOf(request.headers('traceparent'));
  }

  /** `begunStatus`: of the response of the app, if it has begun; otherwise 0. */
  finish(begunStatus: number, outcome?: Outcome): void {
    const { hold, ports } = this;
    const status = begunStatus === 0 ? outcome?.status : begunStatus;
    const ownBytes = begunStatus === 0 ? (outcome?.body?.length ?? 0) : 0;
    // What is undefined is not in the line.
    const line = {
      time: new Date(this.beganMs).toISOString(),
      component: 'access',
      ...this.labels,
      backend: hold?.backendKey,
      pod: hold?.endpoint.pod,
      session: hold?.session ?? 'None',
      method: this.method,
      path: this.path,
      status,
      reason: outcome?.reason,
      bytes: this.bytes + ownBytes,
      durationMs: ports.nowMs() - this.beganMs,
      retries: this.retries,
      requestId: this.requestId,
      traceId: this.traceId,
    };
    ports.lines.write(JSON.stringify(line));
  }
}
