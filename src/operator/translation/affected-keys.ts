/** Which queue keys a change affects: StickyWorkloads, Gateways, routes, policies, and the GatewayClass. */
import type { GatewayPlan } from '../../core/resolve/gateway-plan.ts';
import type { Shadow } from '../../core/resolve/shadowed.ts';
import { sameJson } from '../../wire/same-json.ts';
import { cookieKeys, type Candidate, type WorkloadIndex } from '../../core/resolve/workload-index.ts';
import type { CertificateRef, Gateway, Pod } from '../../core/snapshot/snapshot.ts';
import type { KubeObject } from '../../kube/ports.ts';
import type { Translation } from '../../core/translate/translation.ts';
import { targetKey } from '../../core/names/names.ts';
import type { Translated } from './translation-store.ts';

// No StickyWorkload can have such a key: namespaces have no capital letters.
const gatewayPrefix = 'Gateway/';
const httpRoutePrefix = 'HTTPRoute/';
export const gatewayClassWork = 'GatewayClass';

/** Returns `namespace/name` of the Gateway of a queue key, or undefined for keys of other kinds. */
export const gatewayOfWork = (key: string): string | undefined =>
  key.startsWith(gatewayPrefix) ? key.slice(gatewayPrefix.length) : undefined;

/** Returns the queue key of a Gateway, `namespace/name`. */
export const workOfGateway = (key: string): string => gatewayPrefix + key;

/** Returns the keys of the work that writes the status of an object; the route of a StickyWorkload has its name. */
export function statusKeys({ kind, metadata: { namespace = '', name } }: KubeObject): string[] {
  if (kind === 'GatewayClass' || kind === 'HoldfastProxy') return [gatewayClassWork];
  const key = `${namespace}/${name}`;
  return kind === 'HTTPRoute' ? [httpRoutePrefix + key, key] : [`${kind}/${key}`];
}

/** Returns the kind of the object of a queue key. */
export const kindOfWork = (key: string): string => /^[A-Z][A-Za-z]+/.exec(key)?.[0] ?? 'StickyWorkload';

/**
 * Returns the keys that changes may affect. `namespaces`: of changed objects other than pods and EndpointSlices; `undefined` stands for a
 * cluster-scoped object. Pods and slices affect only the StickyWorkloads whose pods or endpoints are other objects than in `before`, and the Gateways that have
 * other proxies. Routes are affected if their verdicts are other objects.
 */
export function findAffectedKeys(
  { translation }: Translated,
  namespaces: ReadonlySet<string | undefined>,
  before?: Translated,
): string[] {
  const keys = new Set(namespaces.size === 0 ? [] : findByNamespace(translation, namespaces));
  for (const key of routesWithOtherVerdicts(translation, before?.translation)) keys.add(key);
  for (const key of before ? withOtherPods(translation, before.translation) : []) keys.add(key);
  for (const key of before ? withOtherProxies(translation, before.translation) : []) keys.add(workOfGateway(key));
  return [...keys];
}

function* routesWithOtherVerdicts(after: Translation, before: Translation | undefined): Generator<string> {
  if (after.httpRoutes === before?.httpRoutes && after.grpcRoutes === before.grpcRoutes) return;
  for (const judged of [...after.httpRoutes.values(), ...after.grpcRoutes.values()]) {
    const { kind, key } = judged.route.source;
    const known = (kind === 'HTTPRoute' ? before?.httpRoutes : before?.grpcRoutes)?.get(key);
    const work = `${kind}/${key}`;
    if (judged !== known || !sameShadows(after.routeShadows.get(work), before?.routeShadows.get(work))) yield work;
  }
}

type Shadows = ReadonlyMap<string, Shadow>;

const sameShadows = (one: Shadows | undefined, other: Shadows | undefined): boolean =>
  sameJson([...(one ?? [])], [...(other ?? [])]);

function* withOtherPods(after: Translation, before: Translation): Generator<string> {
  const isSame = after.backends === before.backends && after.index.podsByTarget === before.index.podsByTarget;
  if (isSame) return;
  for (const [key, { plan }] of after.workloads.candidates) {
    const target = targetKey(plan.namespace, plan.target);
    const pods = after.index.podsByTarget.get(target);
    if (after.backends[key] !== before.backends[key] || pods !== before.index.podsByTarget.get(target)) yield key;
  }
}

/** Their pods own the ServiceAccount of the proxies, and what they refuse ends with them. */
function* withOtherProxies(after: Translation, before: Translation): Generator<string> {
  const [now, then] = [after.index.proxyPods, before.index.proxyPods];
  if (now === then) return;
  const uidsOf = (pods: readonly Pod[] = []): string => pods.map(({ uid }) => uid).join();
  for (const key of Object.keys(after.gateways)) if (uidsOf(now.get(key)) !== uidsOf(then.get(key))) yield key;
}

function findByNamespace(
  { workloads, gateways, policies, xBackends, backendTls }: Translation,
  namespaces: ReadonlySet<string | undefined>,
): string[] {
  const touches = (dependencies: () => ReadonlySet<string>): boolean =>
    namespaces.has(undefined) || [...dependencies()].some((namespace) => namespaces.has(namespace));
  return [
    gatewayClassWork,
    ...[...workloads.candidates]
      .filter(([, candidate]) => touches(() => namespacesOfWorkload(candidate, workloads)))
      .map(([key]) => key),
    ...Object.entries(gateways)
      .filter(([, gateway]) => touches(() => namespacesOfGateway(gateway)))
      .map(([key]) => workOfGateway(key)),
    // Routes of any namespace may lead to its Services.
    ...[...policies.keys()].map((key) => `XBackendTrafficPolicy/${key}`),
    ...[...xBackends.keys()].map((key) => `XBackend/${key}`),
    ...[...backendTls.judged.keys()].map((key) => `BackendTLSPolicy/${key}`),
  ];
}

/** Returns the namespaces that a StickyWorkload depends on: its own, and those of its Gateways, its backends, and the StickyWorkloads that set the same cookie there. */
function namespacesOfWorkload(candidate: Candidate, { cookies }: Pick<WorkloadIndex, 'cookies'>): ReadonlySet<string> {
  const { plan } = candidate;
  const sharing = cookieKeys(candidate).flatMap((key) => cookies.get(key) ?? []);
  return new Set([
    plan.namespace,
    ...plan.parents.map(({ gateway }) => gateway.namespace),
    ...plan.backendRefs.map(({ backend }) => backend.split('/')[0] ?? ''),
    ...sharing.map((other) => other.plan.namespace),
  ]);
}

/** Returns the namespaces that a Gateway depends on: its own, and those of its routes, its ListenerSets, its certificates and authorities. */
const namespacesOfGateway = ({ gateway, userManaged, routes }: GatewayPlan): ReadonlySet<string> =>
  new Set([
    gateway.namespace,
    ...routes.map(({ judged }) => judged.route.source.namespace),
    ...(userManaged?.sets ?? []).map(({ set }) => set.namespace),
    ...[userManaged?.object, ...(userManaged?.sets ?? []).map(({ set }) => set)]
      .flatMap((holder) => holder?.listeners ?? [])
      .flatMap(({ tls }) => (tls?.certificateRefs ?? []).map(({ namespace }) => namespace)),
    ...referencesOf(userManaged?.object).map(({ namespace }) => namespace),
  ]);

/** Returns what spec.tls of a Gateway refers to. */
function referencesOf({ clientValidation, clientCertificate }: Partial<Gateway> = {}): CertificateRef[] {
  const { byDefault, ports } = clientValidation ?? { ports: [] };
  const authorities = [byDefault, ...ports.map(({ rule }) => rule)].flatMap((rule) => rule?.authorities ?? []);
  return clientCertificate === undefined ? authorities : [...authorities, clientCertificate];
}
