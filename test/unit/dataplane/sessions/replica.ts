/** The session side of one proxy replica without sockets, with a clock that tests control. */
import { linesOf } from '../../../../src/dataplane/h1/header-lines.ts';
import type { HeaderField } from '../../../../src/dataplane/http/header-fields.ts';
import { endpointId } from '../../../../src/core/session/token.ts';
import type { RoutingTable } from '../../../../src/wire/routing-table.ts';
import type { Reply, RequestView, RouteDecision, SessionHold } from '../../../../src/dataplane/routing.ts';
import { countersOf } from '../../../../src/dataplane/sessions/counters.ts';
import { createSessionRouter } from '../../../../src/dataplane/sessions/router.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { backendName, proxyTable, requestOf, requestWith, type ShortEndpoint } from '../../../support/proxy-table.ts';

export const everyRow = Number.POSITIVE_INFINITY;
export const quiet = { setCookies: [], endsSession: false };

export type Replica = ReturnType<typeof createReplica>;

export function createReplica(table?: RoutingTable, clock = createManualClock(), random = () => 0) {
  let ids = 0;
  const router = createSessionRouter({
    clock,
    random,
    newSessionId: () => ({ sessionHi: clock.nowMs() % 1000, sessionLo: (ids += 0x1_0000) }),
  });
  if (table !== undefined) router.applyTable(table, clock.nowMs());
  /** In all backends. */
  const sum = (pod: string, name: 'sessions' | 'unconfirmed' | 'starting' | 'open') =>
    router.sessions.slots.ofEndpoint(endpointId(`uid-${pod}`)).reduce((total, slot) => total + slot[name], 0);
  const count = (pod: string) => {
    return { sessions: sum(pod, 'sessions'), starting: sum(pod, 'starting'), open: sum(pod, 'open') };
  };
  /** Confirmed and unconfirmed sessions on a pod. */
  const confirmation = (pod: string) => {
    return { confirmed: sum(pod, 'sessions'), unconfirmed: sum(pod, 'unconfirmed') };
  };
  const sendRequest = (request: RequestView) => router.route(request, 80);
  return {
    clock,
    router,
    count,
    confirmation,
    send: (cookies: string[] = []) => sendRequest(requestWith(cookies)),
    sendRequest,
    counters: (backend = backendName) => countersOf(router.counters, backend),
    swap: (next: RoutingTable) => {
      router.applyTable(next, clock.nowMs());
    },
    sweep: () => {
      router.sessions.sweep(clock.nowMs(), everyRow);
    },
  };
}

export function holdOf(decision: RouteDecision | Promise<RouteDecision> | { kind: 'retry' }): SessionHold {
  if (decision instanceof Promise || decision.kind !== 'forward') {
    throw new Error(`no hold: ${JSON.stringify(decision)}`);
  }
  return decision.hold;
}

export const retryAfter = (seconds: number): HeaderField => ({ name: 'Retry-After', value: String(seconds) });

export const replyOf = (decision: RouteDecision | Promise<RouteDecision> | { kind: 'retry' }): Reply | undefined =>
  decision instanceof Promise || decision.kind !== 'reply' ? undefined : decision.reply;

/** Returns the cookie that a client sends after it has received these header lines. */
const cookieFrom = (lines: string): string => /^Set-Cookie: ([^;]+);/.exec(lines)?.[1] ?? '';

/** Sends a whole request, from its head to the end of its response. */
export function visit(replica: Pick<Replica, 'send'>, cookies: string[] = []) {
  return finish(holdOf(replica.send(cookies)));
}

/** Returns a login request with the token of an earlier session. */
export const login = (cookies: string[]): RequestView =>
  requestOf({ cookie: cookies.join('; ') }, { method: 'POST', path: '/login' });

export function finish(hold: SessionHold, response: Parameters<SessionHold['responseHead']>[0] = quiet) {
  const lines = linesOf(hold.responseHead(response));
  hold.release();
  return { pod: hold.endpoint.pod, isNew: hold.isNew, lines, cookie: cookieFrom(lines) };
}

export const pods = (...endpoints: (string | ShortEndpoint)[]): RoutingTable =>
  proxyTable({ endpoints: endpoints.map((item) => (typeof item === 'string' ? { pod: item } : item)) });
