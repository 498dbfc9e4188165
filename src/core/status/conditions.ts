/** The conditions of a StickyWorkload, each with the one reason that matters most and a sentence on what to do. */
import type { ConditionType, Reason } from '../../api/reasons.ts';
import type { EndpointStatus } from '../../api/status.ts';
import { ports } from '../names/names.ts';
import type { Pod } from '../snapshot/snapshot.ts';
import { formatDuration } from '../../api/duration.ts';
import { explainLimit, warnOfWaiting, type DrainLimit } from './effective-limit.ts';
import type { StatusInput } from './input.ts';

/** A condition before it has its dates. */
export type Judgement = { type: ConditionType; status: 'True' | 'False'; reason: Reason; message: string };

/** The endpoints that drain, and how long a pod can be held. */
export type DrainView = { draining: readonly EndpointStatus[]; limit: DrainLimit };

/** All conditions, in the order in which one depends on another. */
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

function findObstacle({ accept, apply, backend, proxyReadyReplicas }: StatusInput): Obstacle | undefined {
  const fail = (reason: Reason, message: string): Obstacle => ({ status: 'False', reason, message });
  if (accept.kind === 'refused') {
    const left =
      backend === undefined ? 'Nothing is served.' : 'What had been provisioned stays and goes on serving sessions.';
    return fail('NotAccepted', `The spec was refused, see condition Accepted. ${left}`);
  }
  if (apply.kind === 'conflict') return fail(apply.reason, apply.message);
  if (apply.kind === 'failed') return fail('ApplyFailed', `${apply.message}. It is tried again.`);
  if (backend === undefined) {
    return fail(
      'KeyRingMissing',
      'No session can be signed without keys: the Secret that holds them is missing or damaged.',
    );
  }
  if (proxyReadyReplicas === 0) {
    const { namespace, name } = accept.plan.gateway;
    return fail(
      'ProxyNotReady',
      `No replica of the proxy of Gateway ${name} is ready: see its pods, kubectl get pods -n ${namespace} -l gateway.networking.k8s.io/gateway-name=${name}.`,
    );
  }
  return undefined;
}

// All is served, but something of Gateway API is not there to say so.
function findShortfall({ gatewayApi, proxyReadyReplicas }: StatusInput): { reason: Reason; message: string } {
  if (!gatewayApi.installed) {
    return {
      reason: 'GatewayAPIMissing',
      message:
        'The bundled proxy serves this StickyWorkload directly: Gateway API is not installed, so there is no Gateway and no HTTPRoute. ' +
        'Install its CRDs (https://gateway-api.sigs.k8s.io/guides/) to get them; nothing needs a restart.',
    };
  }
  if (gatewayApi.sessionPersistence === 'Absent') {
    return {
      reason: 'SessionPersistenceFieldMissing',
      message:
        'The bundled proxy persists sessions all the same, but the HTTPRoute cannot say so: the installed CRD has no sessionPersistence. ' +
        'The experimental channel of Gateway API has it.',
    };
  }
  return {
    reason: 'Programmed',
    message: `All objects are in place; ready replicas of the proxy: ${proxyReadyReplicas}.`,
  };
}

function judgeInjected({ workload, pods }: StatusInput): Judgement {
  const alive = pods.filter(({ phase }) => phase !== 'Succeeded' && phase !== 'Failed');
  const bare = alive.filter(({ injection }) => !injection.injected);
  const { kind, name } = workload.spec.targetRef;
  if (bare.length > 0) {
    const message =
      `The sidecar is missing in ${bare.length} of ${alive.length} pods (${listPods(bare)}): their sessions are cut when they go. ` +
      `Replace them when it suits: kubectl rollout restart ${kind.toLowerCase()}/${name} -n ${workload.metadata.namespace}. ` +
      `A pod on the host's network, or with a container port ${ports.sidecar} of its own, cannot have it.`;
    return { type: 'Injected', status: 'False', reason: 'PodsNotInjected', message };
  }
  const kept = alive.filter(({ injection }) => injection.keptPreStop.length > 0);
  if (kept.length > 0) {
    const containers = [...new Set(kept.flatMap(({ injection }) => injection.keptPreStop))].toSorted().join(', ');
    const message =
      `The preStop hook of container ${containers} was left alone, so the container stops before its sessions have ended. ` +
      `Remove the hook from the pod template of ${kind} ${name}; what it does can be done on SIGTERM.`;
    return { type: 'Injected', status: 'False', reason: 'PreStopConflict', message };
  }
  return {
    type: 'Injected',
    status: 'True',
    reason: 'Injected',
    message: alive.length === 0 ? 'There is no pod yet.' : `The sidecar is in ${alive.length} of ${alive.length} pods.`,
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
      message: `No pod is on its way out. ${bounds}`,
    };
  }
  const until = draining
    .map(({ deadline }) => deadline ?? '')
    .toSorted()
    .at(-1);
  const limit = until ? `, at the latest at ${until}` : '';
  const names = listPods(draining.map(({ pod }) => ({ name: pod })));
  const message = `On the way out: ${names}. Each keeps its sessions, gets no new one and goes when they have ended${limit}. ${bounds}`;
  return { type: 'Draining', status: 'True', reason: 'PodTerminating', message };
}

type Parts = Record<'accepted' | 'programmed' | 'injected', Judgement>;

function judgeReady({ backend }: StatusInput, { accepted, programmed, injected }: Parts): Judgement {
  const unready = (reason: Reason, message: string): Judgement => ({ type: 'Ready', status: 'False', reason, message });
  if (accepted.status === 'False') return unready('NotAccepted', accepted.message);
  if (programmed.status === 'False') return unready('NotProgrammed', programmed.message);
  if (injected.status === 'False') return unready('NotInjected', injected.message);
  const accepting = backend?.endpoints.filter(({ state }) => state === 'Accepting').length ?? 0;
  if (accepting === 0) {
    return unready(
      'NoPodsAccepting',
      'No pod takes new sessions: none is ready and staying. New sessions are answered with 503.',
    );
  }
  return {
    type: 'Ready',
    status: 'True',
    reason: 'Ready',
    message: `New sessions are accepted by ${accepting} of ${backend?.endpoints.length ?? 0} pods.`,
  };
}

const listedPods = 5;

function listPods(pods: readonly Pick<Pod, 'name'>[]): string {
  const names = pods.slice(0, listedPods).map(({ name }) => name);
  return pods.length > listedPods ? `${names.join(', ')} and ${pods.length - listedPods} more` : names.join(', ');
}
