/**
 * The hold of a request on a route without sessions.
 *
 *     route() ─► PlainHold ──connectFailed──► PlainHold on another endpoint … ─► reply (three endpoints failed)
 *                    ├──again──► PlainHold on another endpoint, or this one if there is no other
 *                    └──the only endpoint──► retry … ─► reply (failed for a second)
 */
import { eligibleEndpoints, pickEndpoint } from '../../core/balance/balance.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Endpoint } from '../../wire/routing-table.ts';
import { noFields } from '../http/header-fields.ts';
import { transportOf } from './route-parts.ts';
import type { ConnectFailure, Forwarding, MirrorTarget, RouteDecision, SessionHold, Transport } from '../routing.ts';
import { recordConnectFailure, recordResponse, retryAfterMs } from './outlier.ts';
import { drawBackend, type PlainBackend, type PlainRoute, type PlainSlot } from './plain-backend.ts';
import { backendUnresolved, connectFailed, noBackend, noEndpoint } from './replies.ts';

export type PlainPorts = {
  clock: Clock;
  random: () => number;
  plainBackend: (key: string) => PlainBackend | undefined;
};

/** `tried`: ids of endpoints that this request did not reach, or whose app failed. */
type Attempt = { route: PlainRoute; key: string; forwarding: Forwarding | undefined; tried: readonly string[] };

const untried: readonly string[] = [];
const maxEndpointsTried = 3;

/** The backend is drawn once: Gateway API gives the share of one that cannot be used an error, not the others. */
export function routePlain(route: PlainRoute, ports: PlainPorts): RouteDecision {
  const ref = drawBackend(route, ports.random);
  if (ref?.backend === undefined) return { kind: 'reply', reply: ref === undefined ? noBackend : backendUnresolved };
  return forward({ route, key: ref.backend, forwarding: ref.forwarding, tried: untried }, ports);
}

function forward(attempt: Attempt, ports: PlainPorts): RouteDecision {
  const { key, tried } = attempt;
  const backend = ports.plainBackend(key);
  const slot = tried.length < maxEndpointsTried ? choose(backend, tried, ports) : undefined;
  if (backend === undefined || slot === undefined) {
    return { kind: 'reply', reply: tried.length > 0 ? connectFailed(key, tried.length) : noEndpoint(key, backend) };
  }
  backend.previousUid = slot.endpoint.uid;
  return {
    kind: 'forward',
    hold: new PlainHold(attempt, { slot, transport: transportOf(backend.source, attempt.route) }, ports),
  };
}

/** Returns an endpoint for the copy of a request, which is not counted there. */
export function mirrorTarget(key: string, ports: PlainPorts): MirrorTarget | undefined {
  const backend = ports.plainBackend(key);
  const slot = choose(backend, untried, ports);
  return slot && backend && { endpoint: slot.endpoint, transport: transportOf(backend.source) };
}

function choose(
  backend: PlainBackend | undefined,
  tried: readonly string[],
  { clock, random }: PlainPorts,
): PlainSlot | undefined {
  if (backend === undefined) return undefined;
  const eligible = eligibleEndpoints(backend.slots, { nowMs: clock.nowMs(), maxSessions: undefined, tried });
  if (eligible.kind === 'none') return undefined;
  return pickEndpoint(backend.source.policy, eligible.endpoints, { random, previousUid: backend.previousUid });
}

class PlainHold implements SessionHold {
  readonly isNew = true;
  readonly session = 'None';
  endpoint: Endpoint;
  readonly transport: Transport;
  private readonly attempt: Attempt;
  private readonly slot: PlainSlot;
  private readonly ports: PlainPorts;
  private retries = 0;
  private released = false;

  constructor(attempt: Attempt, { slot, transport }: { slot: PlainSlot; transport: Transport }, ports: PlainPorts) {
    this.attempt = attempt;
    this.transport = transport;
    this.slot = slot;
    this.ports = ports;
    this.endpoint = slot.endpoint;
    slot.starting += 1;
  }

  get backendKey(): string {
    return this.attempt.key;
  }

  get filter(): SessionHold['filter'] {
    return this.attempt.route.filter;
  }

  get forwarding(): Forwarding | undefined {
    return this.attempt.forwarding;
  }

  connectFailed(failure: ConnectFailure): ReturnType<SessionHold['connectFailed']> {
    const { slot, ports } = this;
    recordConnectFailure(slot, failure, ports.clock.nowMs());
    const attempt = { ...this.attempt, tried: [...this.attempt.tried, slot.endpoint.id] };
    const afterMs = retryAfterMs(slot, { failure, retries: this.retries });
    if (afterMs !== undefined && choose(ports.plainBackend(attempt.key), attempt.tried, ports) === undefined) {
      this.retries += 1;
      // The address from the newest table.
      this.endpoint = slot.endpoint;
      return { kind: 'retry', afterMs };
    }
    this.release();
    return forward(attempt, ports);
  }

  again(): SessionHold {
    recordResponse(this.slot);
    const next = forward({ ...this.attempt, tried: [...this.attempt.tried, this.slot.endpoint.id] }, this.ports);
    if (next.kind === 'forward') {
      this.release();
      return next.hold;
    }
    this.endpoint = this.slot.endpoint;
    return this;
  }

  responseHead(): ReturnType<SessionHold['responseHead']> {
    recordResponse(this.slot);
    return noFields;
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    this.slot.starting -= 1;
  }
}
