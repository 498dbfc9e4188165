/**
 * Which queue keys a change affects. What a reconcile reads of the translation is compared with that of the translation followed before, so
 * that it does not matter where a change came from, nor whether it added or took away. `changes.ts` has what no translation shows.
 */
import { proxyName } from '../../core/names/names.ts';
import type { Translation } from '../../core/translate/translation.ts';
import { ancestorsOf } from '../../core/status/backend-tls-status.ts';
import type { Shadow } from '../../core/resolve/shadowed.ts';
import { sameJson } from '../../wire/same-json.ts';
import type { Changes } from './changes.ts';
import { findOtherGateways } from './gateway-facts.ts';
import type { Translated } from './translation-store.ts';
import { gatewayClassWork, holdfastProxyWork, keysOfFault, workOfGateway } from './work-keys.ts';
import { findOtherWorkloads } from './workload-facts.ts';

/** `before`: the translation that was followed last, to which `changes` were made. */
export function findAffectedKeys(translated: Translated, changes: Changes, before?: Translated): string[] {
  const { translation } = translated;
  if (before === undefined || changes.everything) {
    return [...new Set([...everyKey(translated, before?.translation), ...changes.own])];
  }
  const known = before.translation;
  const gateways = findOtherGateways(translated, before);
  return [
    ...new Set([
      ...findOtherWorkloads(translated, before),
      ...gateways.map(workOfGateway),
      // Their statuses depend on the Gateways that use them.
      ...(gateways.length > 0 ? [holdfastProxyWork] : []),
      ...ownersOf(changes.owned, translation),
      ...otherPolicies(translation, known),
      ...otherRoutes(translation, known),
      ...changes.own,
    ]),
  ];
}

/** Those of a StickyWorkload have its name. */
const ownersOf = (owned: ReadonlySet<string>, { workloads, gateways }: Translation): string[] =>
  owned.size === 0
    ? []
    : [
        ...[...owned].filter((name) => workloads.candidates.has(name)),
        ...Object.entries(gateways)
          .filter(([, { gateway }]) => owned.has(`${gateway.namespace}/${proxyName(gateway.name)}`))
          .map(([key]) => workOfGateway(key)),
      ];

const everyKey = ({ translation, faults }: Translated, before?: Translation): string[] => [
  gatewayClassWork,
  ...translation.workloads.candidates.keys(),
  ...Object.keys({ ...before?.gateways, ...translation.gateways }).map(workOfGateway),
  ...otherPolicies(translation),
  ...otherRoutes(translation),
  ...faults.flatMap(keysOfFault),
  // Last: their statuses depend on what comes of the Gateways.
  holdfastProxyWork,
];

function* otherPolicies(after: Translation, before?: Translation): Generator<string> {
  yield* otherVerdicts('XBackendTrafficPolicy', after.policies, before?.policies);
  yield* otherVerdicts('XBackend', after.xBackends, before?.xBackends);
  yield* otherVerdicts('BackendTLSPolicy', after.backendTls.judged, before?.backendTls.judged);
  if (before === undefined || after.gateways === before.gateways) return;
  for (const [key, judged] of after.backendTls.judged) {
    const isSame = sameJson(ancestorsOf(judged, after.gateways), ancestorsOf(judged, before.gateways));
    if (!isSame) yield `BackendTLSPolicy/${key}`;
  }
}

function* otherVerdicts(
  kind: string,
  after: ReadonlyMap<string, unknown>,
  before: ReadonlyMap<string, unknown> = new Map(),
): Generator<string> {
  if (after === before) return;
  for (const [key, judged] of after) if (!sameJson(judged, before.get(key))) yield `${kind}/${key}`;
}

function* otherRoutes(after: Translation, before?: Translation): Generator<string> {
  if (after.httpRoutes === before?.httpRoutes && after.grpcRoutes === before.grpcRoutes) return;
  for (const judged of [...after.httpRoutes.values(), ...after.grpcRoutes.values()]) {
    const { kind, key } = judged.route.source;
    // Equal verdicts are the same object.
    const known = (kind === 'HTTPRoute' ? before?.httpRoutes : before?.grpcRoutes)?.get(key);
    const work = `${kind}/${key}`;
    if (judged !== known || !sameShadows(after.routeShadows.get(work), before?.routeShadows.get(work))) yield work;
  }
}

type Shadows = ReadonlyMap<string, Shadow>;

const sameShadows = (one: Shadows | undefined, other: Shadows | undefined): boolean =>
  one === other || sameJson([...(one ?? [])], [...(other ?? [])]);
