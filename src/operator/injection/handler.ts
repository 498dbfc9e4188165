/**
 * The injection webhook. It always fails open: a pod that starts without the sidecar is reported later, a pod that cannot
 * start is an outage. It has no side effects, so a dry run is like any other request.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { injectPod } from '../../core/inject/inject.ts';
import type { UnchangedReason } from '../../core/inject/inject.ts';
import type { JsonPatchOperation } from '../../core/inject/pod.ts';
import { injectPath } from '../../core/inject/webhooks.ts';
import { labels } from '../../core/names/names.ts';
import type { ObjectMeta } from '../../kube/ports.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import { createBodyGate, type BodyGate } from '../https/body-gate.ts';
import { parseJson, readBody, RequestError, sendAnswer, type BodyOptions } from '../https/server.ts';
import { paramsOf, type InjectionSettings } from './params.ts';
import { headOf, parseReview, readPod, renderReview } from './review.ts';
import { describeUnchanged, describeUnclaimed, describeWarning } from './warnings.ts';

/**
 * Why a pod has no StickyWorkload. `TooManyWaiting`: it may follow, but too many Deployments and StatefulSets wait for theirs.
 */
type Unclaimed = 'NotSticky' | 'TooManyWaiting';

/** The outcome of one request, for metrics. */
export type InjectionOutcome = 'Injected' | Unclaimed | 'Failed' | UnchangedReason;

export type InjectionPorts = {
  /** The addresses of the operator may change. */
  settings: () => InjectionSettings;
  /** The StickyWorkload at the end of the pod's controller chain. */
  findWorkload: (pod: ObjectMeta) => Promise<StickyWorkload | Unclaimed>;
  observe: (outcome: InjectionOutcome) => void;
  /** Returns a new random key for a sidecar. */
  randomKey: () => string;
  clock: Clock;
  logger: Logger;
};

/** etcd stores no pod of more than 1.5 MiB; the review adds little to it. */
const maxBodyBytes = 2 * 1024 * 1024;
/** The API server sends a pod in milliseconds. Others, from which nothing else distinguishes it, have as much and no more. */
const bodyLimits = { perSourceBytes: 16 * 1024 * 1024, totalBytes: 96 * 1024 * 1024 };
/** Until the response is sent: the body, the strings of its metadata, and the response. So an address has 512 reviews in progress at most. */
const reviewBytes = (bodyBytes: number): number => Math.max(4 * bodyBytes, 32 * 1024);
/** The API server closes a connection that it has not used for 90 s: as long as that, it may use it at any time (Go, `http.Transport`). */
const idleTimeoutMs = 120_000;
/**
 * For the server of this handler. The API server must be the one to close a connection: it does not repeat a POST on a connection that was closed
 * meanwhile, and takes the 408 that Node sends before for the response. The pod would start without the sidecar.
 */
export const webhookLimits = {
  idleTimeoutMs,
  headTimeoutMs: idleTimeoutMs,
  requestTimeoutMs: idleTimeoutMs,
  connections: 4000,
  connectionsPerSource: 1000,
};

/** The webhook's timeout is 10 s; responding earlier makes it possible to report what went wrong. */
const lookupTimeoutMs = 9000;
/** Then the API server waits no longer, and a client that does not read its response would hold memory. */
const reviewTimeoutMs = 10_000;

/** For `createTlsServer`. */
export function createInjectionHandler(
  injection: InjectionPorts,
): (request: IncomingMessage, response: ServerResponse) => void {
  const bodies = createBodyGate(bodyLimits);
  const gate: BodyGate = { reserve: (source, bytes, signal) => bodies.reserve(source, reviewBytes(bytes), signal) };
  const body = { maxBytes: maxBodyBytes, gate };
  return (request, response) => void respond(request, response, { ...injection, body });
}

type Wiring = InjectionPorts & { body: BodyOptions };

async function respond(request: IncomingMessage, response: ServerResponse, injection: Wiring): Promise<void> {
  try {
    sendAnswer(response, { status: 200, body: await answer(request, response, injection) });
  } catch (error) {
    // Only for requests that are not an AdmissionReview.
    sendAnswer(response, {
      status: error instanceof RequestError ? error.status : 400,
      body: { message: describeError(error) },
    });
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, injection: Wiring): Promise<object> {
  if (request.method !== 'POST') throw new RequestError(405, 'only POST is supported');
  if (request.url?.split('?')[0] !== injectPath) throw new RequestError(404, `only ${injectPath} is served`);
  const { bytes, release } = await readBody(request, injection.body);
  onceSent(response, injection.clock, release);
  const { uid, head } = readHead(bytes);
  if (head === undefined) return renderReview(uid, {});
  try {
    return renderReview(uid, await reviewPod({ head, bytes }, injection));
  } catch (error) {
    injection.observe('Failed');
    injection.logger.warn({ ...podFields(head), error: describeError(error) }, 'pod starts without the sidecar');
    return renderReview(uid, {
      warnings: [
        `holdfast: this pod starts without the sidecar, so a scale-down cuts its sessions: ${describeError(error)}`,
      ],
    });
  }
}

/** Calls back when the response is sent, or its connection is gone. */
function onceSent(response: ServerResponse, clock: Clock, callback: () => void): void {
  const cancel = clock.after(reviewTimeoutMs, () => {
    response.destroy();
  });
  const end = () => {
    cancel();
    callback();
  };
  if (response.closed) end();
  else response.once('close', end);
}

/** The parsed body is garbage when this returns. */
function readHead(bytes: Buffer): { uid: string; head?: ObjectMeta } {
  const { uid, pod } = parseReview(parseJson(bytes));
  return { uid, ...(pod && { head: headOf(pod) }) };
}

type Reviewed = { patch?: JsonPatchOperation[]; warnings?: string[] };

/** The body is parsed once more when the StickyWorkload is found, rather than kept until then. */
async function reviewPod(
  { head, bytes }: { head: ObjectMeta; bytes: Buffer },
  { findWorkload, settings, observe, randomKey, clock, logger }: InjectionPorts,
): Promise<Reviewed> {
  const workload = await withinTime(findWorkload(head), clock, lookupTimeoutMs);
  if (typeof workload === 'string') return withoutWorkload(workload, head, { observe, logger });
  const result = injectPod(readPod(parseReview(parseJson(bytes)).pod), paramsOf(workload, settings(), randomKey()));
  if (result.kind === 'unchanged') {
    observe(result.reason);
    if (result.reason === 'AlreadyInjected') return {};
    logger.warn({ ...podFields(head), reason: result.reason }, 'pod starts without the sidecar');
    return { warnings: [describeUnchanged(result.reason, result.port)] };
  }
  observe('Injected');
  logger.debug({ ...podFields(head), workload: workload.metadata.name, warnings: result.warnings }, 'pod injected');
  return { patch: result.patch, warnings: result.warnings.map(describeWarning) };
}

function withoutWorkload(
  reason: Unclaimed,
  head: ObjectMeta,
  { observe, logger }: Pick<InjectionPorts, 'observe' | 'logger'>,
): Reviewed {
  observe(reason);
  if (!isLabelled(head)) return {};
  if (reason !== 'NotSticky') logger.warn({ ...podFields(head), reason }, 'pod starts without the sidecar');
  return { warnings: [describeUnclaimed[reason]] };
}

/** Pods get their name after admission; until then their prefix identifies them. */
const podFields = ({ namespace, name, generateName }: ObjectMeta) => ({ namespace, pod: name || generateName });

const isLabelled = (pod: ObjectMeta): boolean => pod.labels?.[labels.inject] === 'true';

function withinTime<T>(promise: Promise<T>, clock: Clock, limitMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(limitMs, () => {
      reject(new Error(`looking up the StickyWorkload of the pod took longer than ${limitMs} ms`));
    });
    promise.then(resolve, reject).finally(cancel);
  });
}
