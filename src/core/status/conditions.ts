/** The conditions of a StickyWorkload, each with its most important reason and a message that says what to do. */
import type { ConditionType, Reason } from '../../api/reasons.ts';
import type { EndpointStatus } from '../../api/status.ts';
import { formatCount, formatList } from '../names/format.ts';
import { masterKeysName, sidecarContainer } from '../names/names.ts';
import { explainProxyRefusal, explainSidecarRefusal, quote } from './refusals.ts';
import { isPodTerminal, type Pod } from '../snapshot/snapshot.ts';
import { formatDuration } from '../../api/duration.ts';
import { explainLimit, warnOfWaiting, type DrainLimit } from './effective-limit.ts';
import type { StatusInput } from './input.ts';

/** A condition without its timestamps. */
export type Judgement = { type: ConditionType; status: 'True' | 'False'; reason: Reason; message: string };

/** The draining endpoints, and how long a pod can be held. */
export type DrainView = { draining: readonly EndpointStatus[]; limit: DrainLimit };

/** Returns all conditions, in order of dependency. */
export function judgeConditions(input: StatusInput, view: DrainView): Judgement[] {
  const accepted = judgeAccepted(input);
  const programmed = judgeProgrammed(input);
  const injected = judgeInjected(input);
  return [
    accepted,
    programmed,
    injected,
    judgeDraining(input, view),
    judgeReady(input, { accepted, programmed, injected }),
  ];
}

function judgeAccepted({ accept }: StatusInput): Judgement {
  if (accept.kind === 'refused') {
    return { type: 'Accepted', status: 'False', reason: accept.reason, message: accept.message };
  }
  const { target, targetPort, notes } = accept.plan;
  return {
    type: 'Accepted',
    status: 'True',
    reason: 'Accepted',
    message: [`Sessions are kept on the pods of ${target.kind} ${target.name}, port ${targetPort}.`, ...notes].join(
      ' ',
    ),
  };
}

function judgeProgrammed(input: StatusInput): Judgement {
  const verdict = findObstacle(input) ?? { status: 'True' as const, ...findShortfall(input) };
  return { type: 'Programmed', ...verdict };
}

type Obstacle = Omit<Judgement, 'type'> & { status: 'False' };

function findObstacle({ accept, apply, backend, proxy }: StatusInput): Obstacle | undefined {
  const fail = (reason: Reason, message: string): Obstacle => ({ status: 'False', reason, message });
  if (accept.kind === 'refused') {
    const left =
      backend === undefined
        ? 'Nothing is served.'
        : 'The previously provisioned objects remain and keep serving sessions.';
    return fail('NotAccepted', `The spec was rejected; see condition Accepted. ${left}`);
  }
  if (apply.kind === 'conflict') return fail(apply.reason, apply.message);
  if (apply.kind === 'failed') return fail('ApplyFailed', `${apply.message}. The write will be retried.`);
  if (backend === undefined) {
    return fail(
      'KeyRingMissing',
      `Secret ${masterKeysName} with the session keys, in the namespace of the operator, is missing or damaged, and no session token can be signed without keys: restore it, or delete it to have new keys created, which ends all sessions.`,
    );
  }
  if (accept.plan.parents.length === 0 && proxy.gateway === undefined) {
    return fail(
      'RouteMissing',
      'spec.route.kind is None, and no route leads to the pods: create one that refers to a Service of these pods, on a Gateway of class holdfast.',
    );
  }
  if (proxy.readyReplicas === 0) {
    const { namespace, name } = proxy.gateway ?? accept.plan.gateway;
    if (proxy.refusal !== undefined) return fail('PodsRefused', explainProxyRefusal(name, proxy.refusal));
    return fail(
      'ProxyNotReady',
      `No proxy replica of Gateway ${name} is ready. List its pods with kubectl get pods -n ${namespace} -l gateway.networking.k8s.io/gateway-name=${name}.`,
    );
  }
  return undefined;
}

// Everything is served, but parts of Gateway API are missing.
function findShortfall({ gatewayApi, proxy }: StatusInput): { reason: Reason; message: string } {
  if (!gatewayApi.installed) {
    return {
      reason: 'GatewayAPIMissing',
      message:
        'Gateway API is not installed, so no Gateway and no route exist; the bundled proxy serves this StickyWorkload without them. ' +
        'To get them, install the CRDs (https://gateway-api.sigs.k8s.io/guides/); no restart is needed.',
    };
  }
  if (gatewayApi.sessionPersistence === 'Absent') {
    return {
      reason: 'SessionPersistenceFieldMissing',
      message:
        'The bundled proxy persists sessions, but the route does not show it: the installed CRD has no sessionPersistence field. ' +
        'The experimental channel of Gateway API has it.',
    };
  }
  return {
    reason: 'Programmed',
    message: `All objects exist, and the proxy has ${formatCount(proxy.readyReplicas, 'ready replica')}.`,
  };
}

function judgeInjected({ workload, pods, cluster }: StatusInput): Judgement {
  const alive = pods.filter((pod) => !isPodTerminal(pod));
  const refusal = cluster.target?.refusal;
  if (refusal?.includes(sidecarContainer)) {
    return {
      type: 'Injected',
      status: 'False',
      reason: 'PodsRefused',
      message: explainSidecarRefusal(cluster, refusal),
    };
  }
  const missing = alive.filter(({ injection }) => !injection.injected);
  const { kind, name } = workload.spec.targetRef;
  if (missing.length > 0) {
    const message =
      `The sidecar is missing in ${missing.length} of ${formatCount(alive.length, 'pod')} (${listPods(missing)}): sessions on pods without it are cut when the pod terminates. ` +
      `Replace the pods with kubectl rollout restart ${kind.toLowerCase()}/${name} -n ${workload.metadata.namespace}. ` +
      'The event log of the operator and the warnings of kubectl name what prevents injection, such as a port that is in use.';
    return { type: 'Injected', status: 'False', reason: 'PodsNotInjected', message };
  }
  const kept = alive.filter(({ injection }) => injection.keptPreStop.length > 0);
  if (kept.length > 0) {
    const containers = [...new Set(kept.flatMap(({ injection }) => injection.keptPreStop))].toSorted().join(', ');
    const message =
      `The preStop hook of container ${containers} was left unchanged, so the container stops before its sessions have ended. ` +
      `Remove the hook from the pod template of ${kind} ${name}, and handle SIGTERM instead.`;
    return { type: 'Injected', status: 'False', reason: 'PreStopConflict', message };
  }
  return {
    type: 'Injected',
    status: 'True',
    reason: 'Injected',
    message:
      alive.length === 0
        ? 'No pod exists yet.'
        : `The sidecar is in ${alive.length} of ${formatCount(alive.length, 'pod')}.`,
  };
}

function judgeDraining({ cluster: { target } }: StatusInput, { draining, limit: drainLimit }: DrainView): Judgement {
  const bounds = [
    explainLimit({ duration: formatDuration(drainLimit.durationMs), limitedBy: drainLimit.limitedBy }),
    (target && warnOfWaiting(target, drainLimit)) ?? '',
  ]
    .join(' ')
    .trimEnd();
  if (draining.length === 0) {
    return {
      type: 'Draining',
      status: 'False',
      reason: 'NoPodsDraining',
      message: `No pod is draining. ${bounds}`,
    };
  }
  const until = draining
    .map(({ deadline }) => deadline ?? '')
    .toSorted()
    .at(-1);
  const limit = until ? ` Drain deadline: ${until}.` : '';
  const names = listPods(draining.map(({ pod }) => ({ name: pod })));
  const message = `Draining: ${names}. Existing sessions continue; no new sessions are assigned.${limit} ${bounds}`;
  return { type: 'Draining', status: 'True', reason: 'PodTerminating', message };
}

type Parts = Record<'accepted' | 'programmed' | 'injected', Judgement>;

function judgeReady({ backend, pods, cluster }: StatusInput, { accepted, programmed, injected }: Parts): Judgement {
  const unready = (reason: Reason, message: string): Judgement => ({ type: 'Ready', status: 'False', reason, message });
  if (accepted.status === 'False') return unready('NotAccepted', accepted.message);
  if (programmed.status === 'False') return unready('NotProgrammed', programmed.message);
  if (injected.status === 'False') return unready('NotInjected', injected.message);
  const accepting = backend?.endpoints.filter(({ state }) => state === 'Accepting').length ?? 0;
  if (accepting === 0) {
    return unready(
      'NoPodsAccepting',
      `No pod accepts new sessions: every pod is either not ready or draining. New sessions get 503.${explainUnready(pods, cluster)}`,
    );
  }
  return {
    type: 'Ready',
    status: 'True',
    reason: 'Ready',
    message: `${accepting} of ${formatCount(backend?.endpoints.length ?? 0, 'pod')} ${accepting === 1 ? 'accepts' : 'accept'} new sessions.`,
  };
}

/** An app whose port the sidecar has taken without knowing it exits again and again, and only its own log shows why. */
function explainUnready(pods: readonly Pod[], { target }: StatusInput['cluster']): string {
  if (target?.refusal !== undefined) return ` The API server refuses new pods: ${quote(target.refusal)}.`;
  const pod = pods.find(({ sidecar }) => sidecar?.crashing !== undefined);
  const crashing = pod?.sidecar?.crashing;
  if (pod === undefined || crashing === undefined) return '';
  return (
    ` Container ${crashing.container} of pod ${pod.name} exits again and again: see kubectl logs ${pod.name} -c ${crashing.container} --previous. ` +
    `If its port ${crashing.sidecarPort} is in use, the sidecar has it: declare the port in the pod template, or set spec.sidecar.port.`
  );
}

/** Names of pods in a message. */
const listedPods = 5;

const listPods = (pods: readonly Pick<Pod, 'name'>[]): string =>
  formatList(
    pods.map(({ name }) => name),
    { max: listedPods },
  );
