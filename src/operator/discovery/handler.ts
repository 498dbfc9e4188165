/** The discovery API: routing tables for proxies, session counts from proxies, drain statuses for sidecars. See wire/messages.ts. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DrainStatus, DrainSummary, Report, ReportAnswer } from '../../wire/messages.ts';
import type { Identity, TokenReviewer } from '../../kube/ports.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import { readJson, RequestError, sendAnswer } from '../https/server.ts';
import type { Answer } from '../https/server.ts';
import type { Checked } from '../../wire/check.ts';
import { parseDrainSummary } from '../../wire/sidecar-messages.ts';
import { parseHandover, parseHello, parseReport } from '../../wire/proxy-messages.ts';
import { authenticate, bearerToken, podOf, proxyOf as findProxy } from './caller.ts';
import type { GatewayLookup, PodRef, ProxyCaller } from './caller.ts';
import type { ReportDesk } from './reports.ts';
import { cachedDrainStatus, drainStatusOf } from './drain-status.ts';
import type { DrainPorts } from './drain-status.ts';
import { streamResources } from './resource-stream.ts';
import type { PublishedTables } from './resource-stream.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import { createDrainWaits, type DrainWait, type DrainWaits } from './drain-waits.ts';
import { createDeltaTexts } from './delta-texts.ts';
import { createVersions } from './versions.ts';
import { createSessionRelay } from './session-relay.ts';
import { createBodyGate, type BodyGate } from '../https/body-gate.ts';
import { createTokenReviewCache, type TokenReviewCache } from './token-review-cache.ts';
import { statusOfExpired } from './expired-token.ts';

export type DiscoveryPorts = {
  reviewer: TokenReviewer;
  tables: PublishedTables;
  gatewayOf: GatewayLookup;
  acknowledgements: Acknowledgements;
  drain: DrainPorts;
  reports: ReportDesk;
  onDrained: (pod: PodRef, summary: DrainSummary) => void;
  /** Name of this replica, for the proxies' logs. */
  replica: string;
  /** When this replica stops. */
  stopping: AbortSignal;
  clock: Clock;
  logger: Logger;
};

/** `identify`: resolves with the identity of the token; RequestError 401 if the token is invalid. */
type Call = { request: IncomingMessage; response: ServerResponse; token: string; identify: () => Promise<Identity> };
/** Resolves with undefined if the route writes the response itself. */
type Route = (call: Call) => Promise<Answer | undefined>;

// 10,000 endpoints take 1.3 MB.
const maxReportBytes = 8 * 1024 * 1024;
// 100 bytes for a resource, of which a backend has two and a route one.
const maxHelloBytes = maxReportBytes;
const maxSummaryBytes = 16 * 1024;
const bodyLimits = { perSourceBytes: 2 * maxReportBytes, totalBytes: 96 * 1024 * 1024 };
/** How often the token of an open stream is reviewed again: tables contain signing keys. */
const recheckMs = 60_000;

export function createDiscoveryHandler(
  discovery: DiscoveryPorts,
): (request: IncomingMessage, response: ServerResponse) => void {
  const ports = {
    ...discovery,
    reviewer: createTokenReviewCache(discovery.reviewer, discovery.clock),
    gate: createBodyGate(bodyLimits),
    waits: createWaits(discovery),
  };
  const routes = createRoutes(ports);
  return (request, response) => void respond(request, response, { routes, ports });
}

/** The ports, with the caches and bounds of this handler. */
type HandlerPorts = Omit<DiscoveryPorts, 'reviewer'> & {
  reviewer: TokenReviewCache;
  gate: BodyGate;
  waits: DrainWaits;
};

const createWaits = ({ drain, stopping, clock }: DiscoveryPorts): DrainWaits =>
  createDrainWaits({
    peek: (pod) => cachedDrainStatus(pod, drain, clock.nowMs()),
    onChange: drain.onChange,
    stopping,
    clock,
  });

type Wiring = { routes: ReadonlyMap<string, Route>; ports: HandlerPorts };

async function respond(request: IncomingMessage, response: ServerResponse, { routes, ports }: Wiring): Promise<void> {
  try {
    const route = routes.get(`${request.method} ${request.url?.split('?')[0]}`);
    if (route === undefined) throw new RequestError(404, `only ${[...routes.keys()].join(', ')}`);
    const token = bearerToken(request);
    const answer = await route({
      request,
      response,
      token,
      identify: () => authenticate(token, ports.reviewer, sourceOf(request)),
    });
    if (answer !== undefined) sendAnswer(response, answer);
  } catch (error) {
    const status = error instanceof RequestError ? error.status : 500;
    if (status === 500) {
      ports.logger.error({ url: request.url, error: describeError(error) }, 'discovery request failed');
    } else ports.logger.debug({ url: request.url, status, error: describeError(error) }, 'discovery request refused');
    sendAnswer(response, { status, body: { message: status === 500 ? 'internal error' : describeError(error) } });
  }
}

function createRoutes(ports: HandlerPorts): ReadonlyMap<string, Route> {
  const { tables, acknowledgements, clock, replica, gate } = ports;
  const streaming = { tables, acknowledgements, clock, replica, texts: createDeltaTexts(createVersions()) };
  const proxyOf = (identity: Identity) => findProxy(identity, ports.gatewayOf);
  const relay = createSessionRelay({ tableOf: (key) => tables.current(key)?.table, clock });
  return new Map<string, Route>([
    [
      'POST /v1/resources',
      async ({ request, response, token, identify }) => {
        const { pod, gateway } = proxyOf(await identify());
        const hello = requireValid(parseHello(await readJson(request, { maxBytes: maxHelloBytes, gate })));
        streamResources(response, { ...streaming, ...hello, relay, gatewayKey: keyOf(gateway), podUid: pod.uid });
        reviewPeriodically({ request, response, token }, ports);
        return undefined;
      },
    ],
    [
      'POST /v1/report',
      async ({ request, identify }) => {
        const proxy = proxyOf(await identify());
        ports.reports.admit(proxy);
        const { report, complete } = ports.reports.take(proxy, await readReport(request, proxy, ports), clock.nowMs());
        relay.publish(keyOf(proxy.gateway), proxy.pod.uid, report);
        return { status: 200, body: { complete } satisfies ReportAnswer };
      },
    ],
    [
      'POST /v1/handover',
      async ({ request, identify }) => {
        const proxy = proxyOf(await identify());
        ports.reports.admit(proxy);
        const handover = requireValid(parseHandover(await readJson(request, { maxBytes: maxReportBytes, gate })));
        const isSent = relay.handOver(
          keyOf(proxy.gateway),
          proxy.pod.uid,
          ports.reports.reduceHandover(proxy, handover),
        );
        return isSent
          ? { status: 204 }
          : { status: 503, body: { message: 'no other proxy of the Gateway is connected to this replica' } };
      },
    ],
    ['GET /v1/drain', async (call) => ({ status: 200, body: await drainStatus(call, ports) })],
    [
      'POST /v1/drained',
      async ({ request, identify }) => {
        const pod = podOf(await identify());
        ports.onDrained(
          pod,
          requireValid(parseDrainSummary(await readJson(request, { maxBytes: maxSummaryBytes, gate }))),
        );
        return { status: 204 };
      },
    ],
  ]);
}

async function drainStatus(
  { request, response, token, identify }: Call,
  { drain, waits, stopping, clock }: HandlerPorts,
): Promise<DrainStatus> {
  let identity: Identity;
  try {
    identity = await identify();
  } catch (error) {
    const isRefused = error instanceof RequestError && error.status === 401;
    const over = isRefused ? await statusOfExpired(token, drain.pods, clock.nowMs()) : undefined;
    if (over === undefined) throw error;
    return over;
  }
  const pod = podOf(identity);
  const status = await drainStatusOf(pod, drain, clock.nowMs());
  const wait = askedWait(request, response);
  if (wait === undefined || !status.terminating || status.version !== wait.known) return status;
  await waits.untilChanged(pod, wait);
  // The next question is for another replica.
  if (stopping.aborted) response.shouldKeepAlive = false;
  return drainStatusOf(pod, drain, clock.nowMs());
}

/** Returns undefined if the sidecar does not wait. */
function askedWait({ url = '' }: IncomingMessage, response: ServerResponse): DrainWait | undefined {
  const asked = new URLSearchParams(url.split('?')[1] ?? '');
  const [known, forMs] = [asked.get('known'), Number(asked.get('wait'))];
  if (known === null || !(forMs > 0)) return undefined;
  const left = new AbortController();
  response.once('close', () => {
    left.abort();
  });
  return { known, forMs, left: left.signal };
}

async function readReport(
  request: IncomingMessage,
  proxy: ProxyCaller,
  { reports, gate }: HandlerPorts,
): Promise<Report> {
  try {
    return requireValid(parseReport(await readJson(request, { maxBytes: maxReportBytes, gate })));
  } catch (error) {
    reports.refuse(proxy, describeError(error));
    throw error;
  }
}

function requireValid<T>(checked: Checked<T>): T {
  if ('problem' in checked) throw new RequestError(400, checked.problem);
  return checked.value;
}

const sourceOf = ({ socket }: IncomingMessage): string => socket.remoteAddress ?? '';

const keyOf = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name}`;

/** Ends the stream when its token is no longer valid. The proxy reconnects with a new token, and continues to route meanwhile. */
function reviewPeriodically(
  { request, response, token }: Omit<Call, 'identify'>,
  { reviewer, clock }: HandlerPorts,
): void {
  const check = async () => {
    // An unavailable API server is no reason to disconnect a proxy.
    const stillValid = await reviewer.review(token, sourceOf(request)).then(
      (identity) => identity !== undefined,
      () => true,
    );
    if (!stillValid) response.end();
    else if (!response.destroyed) schedule();
  };
  let cancel = () => {};
  const schedule = () => {
    cancel = clock.after(recheckMs, () => void check());
  };
  response.on('close', () => {
    cancel();
  });
  schedule();
}
