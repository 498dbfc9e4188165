/**
 * The injection webhook. It always fails open: a pod that starts without the sidecar is reported later, a pod that cannot
 * start is an outage. It has no side effects, so a dry run is like any other request.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { injectPod } from '../../core/inject/inject.ts';
import type { UnchangedReason } from '../../core/inject/inject.ts';
import type { JsonPatchOperation, PodJson } from '../../core/inject/pod.ts';
import { injectPath } from '../../core/inject/webhooks.ts';
import { labels } from '../../core/names/names.ts';
import type { KubeObject } from '../../kube/ports.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import { isRecord } from '../../platform/record.ts';
import { createBodyGate } from '../https/body-gate.ts';
import { readJson, RequestError, sendAnswer, type BodyOptions } from '../https/server.ts';
import { paramsOf, type InjectionSettings } from './params.ts';
import { parseReview, renderReview } from './review.ts';
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
  findWorkload: (pod: KubeObject) => Promise<StickyWorkload | Unclaimed>;
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
/** For the server of this handler. A request that takes longer than the webhook's timeout has no response. */
export const webhookLimits = { requestTimeoutMs: 5000, connections: 4000, connectionsPerSource: 1000 };

/**
 * The webhook's timeout is 5 s, and 10 s for labelled pods, which may wait for their StickyWorkload; responding earlier makes it possible to
 * report what went wrong.
 */
const lookupTimeoutMs = { labelled: 9000, other: 4000 };

/** For `createTlsServer`. */
export function createInjectionHandler(
  injection: InjectionPorts,
): (request: IncomingMessage, response: ServerResponse) => void {
  const body = { maxBytes: maxBodyBytes, gate: createBodyGate(bodyLimits) };
  return (request, response) => void respond(request, response, { ...injection, body });
}

type Wiring = InjectionPorts & { body: BodyOptions };

async function respond(request: IncomingMessage, response: ServerResponse, injection: Wiring): Promise<void> {
  try {
    sendAnswer(response, { status: 200, body: await answer(request, injection) });
  } catch (error) {
    // Only for requests that are not an AdmissionReview.
    sendAnswer(response, {
      status: error instanceof RequestError ? error.status : 400,
      body: { message: describeError(error) },
    });
  }
}

async function answer(request: IncomingMessage, injection: Wiring): Promise<object> {
  if (request.method !== 'POST') throw new RequestError(405, 'only POST is supported');
  if (request.url?.split('?')[0] !== injectPath) throw new RequestError(404, `only ${injectPath} is served`);
  const { uid, pod } = parseReview(await readJson(request, injection.body));
  if (pod === undefined) return renderReview(uid, {});
  try {
    return renderReview(uid, await reviewPod(pod, injection));
  } catch (error) {
    injection.observe('Failed');
    injection.logger.warn({ ...podFields(pod), error: describeError(error) }, 'pod starts without the sidecar');
    return renderReview(uid, {
      warnings: [
        `holdfast: this pod starts without the sidecar, so a scale-down cuts its sessions: ${describeError(error)}`,
      ],
    });
  }
}

type Reviewed = { patch?: JsonPatchOperation[]; warnings?: string[] };

async function reviewPod(
  pod: KubeObject,
  { findWorkload, settings, observe, randomKey, clock, logger }: InjectionPorts,
): Promise<Reviewed> {
  const workload = await withinTime(
    findWorkload(pod),
    clock,
    isLabelled(pod) ? lookupTimeoutMs.labelled : lookupTimeoutMs.other,
  );
  if (typeof workload === 'string') {
    observe(workload);
    if (!isLabelled(pod)) return {};
    if (workload !== 'NotSticky') {
      logger.warn({ ...podFields(pod), reason: workload }, 'pod starts without the sidecar');
    }
    return { warnings: [describeUnclaimed[workload]] };
  }
  const result = injectPod(readPod(pod), paramsOf(workload, settings(), randomKey()));
  if (result.kind === 'unchanged') {
    observe(result.reason);
    if (result.reason === 'AlreadyInjected') return {};
    logger.warn({ ...podFields(pod), reason: result.reason }, 'pod starts without the sidecar');
    return { warnings: [describeUnchanged(result.reason, result.port)] };
  }
  observe('Injected');
  logger.debug({ ...podFields(pod), workload: workload.metadata.name, warnings: result.warnings }, 'pod injected');
  return { patch: result.patch, warnings: result.warnings.map(describeWarning) };
}

/** The API server has validated the pod already, so only the presence of containers is checked. */
function readPod(pod: KubeObject): PodJson {
  if (!isPodJson(pod)) throw new Error('spec.containers of the pod is not a list');
  return pod;
}

const isPodJson = (pod: object): pod is PodJson => {
  const spec: unknown = Reflect.get(pod, 'spec');
  return isRecord(spec) && Array.isArray(spec['containers']) && spec['containers'].every(isRecord);
};

/** Pods get their name after admission; until then their prefix identifies them. */
const podFields = ({ metadata }: KubeObject) => ({
  namespace: metadata.namespace,
  pod: metadata.name || metadata.generateName,
});

const isLabelled = ({ metadata }: KubeObject): boolean => metadata.labels?.[labels.inject] === 'true';

function withinTime<T>(promise: Promise<T>, clock: Clock, limitMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(limitMs, () => {
      reject(new Error(`looking up the StickyWorkload of the pod took longer than ${limitMs} ms`));
    });
    promise.then(resolve, reject).finally(cancel);
  });
}
