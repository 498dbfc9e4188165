/**
 * Which HoldfastProxy applies to the proxies of a Gateway. The most specific reference applies as a whole: the API server has filled in the
 * defaults of each object, so that a merge could not tell a default from a choice.
 *
 *     Gateway.spec.infrastructure.parametersRef     (generated Gateway: spec.dataplane.parametersRef of its oldest StickyWorkload)
 *       └─ none ─► GatewayClass.spec.parametersRef
 *                    └─ none ─► `default` in the operator's namespace ── does not exist ─► the defaults of the schema
 */
import { durationMs } from '../../api/duration.ts';
import { defaultProxyObject, defaultProxySpec, proxyKind, type HoldfastProxySpec } from '../../api/holdfastproxy.ts';
import { group } from '../../api/stickyworkload.ts';
import { parseCidr } from '../../platform/cidr.ts';
import type { ProxySettings } from '../../wire/proxy-settings.ts';
import type { ParametersRef, Snapshot } from '../snapshot/snapshot.ts';
import type { GatewayRef, ServingPlan } from './plan.ts';

/** `broken`: a reference that does not resolve. The proxies continue with what they have. */
export type ProxyParameters = ({ kind: 'resolved'; spec: HoldfastProxySpec } | { kind: 'broken'; message: string }) & {
  /** `namespace/name` of the HoldfastProxy; absent: none, or it does not exist. */
  from?: string;
};

export type ParametersLookup = {
  /** By `namespace/name`. */
  proxies: ReadonlyMap<string, HoldfastProxySpec>;
  /** parametersRef by name of the GatewayClass; undefined: it has none. */
  classes: ReadonlyMap<string, ParametersRef | undefined>;
  operatorNamespace: string;
};

export const indexParameters = ({
  holdfastProxies,
  gatewayClasses,
  operatorNamespace,
}: Pick<Snapshot, 'holdfastProxies' | 'gatewayClasses' | 'operatorNamespace'>): ParametersLookup => ({
  proxies: new Map(holdfastProxies.map(({ metadata, spec }) => [`${metadata.namespace}/${metadata.name}`, spec])),
  classes: new Map(gatewayClasses.map(({ name, parametersRef }) => [name, parametersRef])),
  operatorNamespace,
});

/** `className` is absent for a Gateway without Gateway API. */
export type ParametersOwner = { gateway: GatewayRef; className?: string; own?: ParametersRef };

export function resolveParameters({ className, own }: ParametersOwner, lookup: ParametersLookup): ProxyParameters {
  if (own) return follow(own, lookup);
  return className === undefined ? applyDefault(lookup) : resolveClassParameters(className, lookup);
}

/** Of a GatewayClass: those of its Gateways without a reference of their own. */
export function resolveClassParameters(className: string, lookup: ParametersLookup): ProxyParameters {
  const ref = lookup.classes.get(className);
  return ref === undefined || isDefault(ref, lookup) ? applyDefault(lookup) : follow(ref, lookup);
}

// The GatewayClass that Holdfast creates refers to it whether or not it exists.
const isDefault = (ref: ParametersRef, { operatorNamespace }: ParametersLookup): boolean =>
  isOurs(ref) && ref.namespace === operatorNamespace && ref.name === defaultProxyObject;

const isOurs = (ref: ParametersRef): boolean => ref.group === group && ref.kind === proxyKind;

function applyDefault(lookup: ParametersLookup): ProxyParameters {
  const { operatorNamespace: namespace, proxies } = lookup;
  const name = defaultProxyObject;
  return proxies.has(`${namespace}/${name}`)
    ? follow({ field: `HoldfastProxy ${namespace}/${name}`, group, kind: proxyKind, namespace, name }, lookup)
    : { kind: 'resolved', spec: defaultProxySpec };
}

const unchanged = 'Until then the proxies continue as they are.';

function follow(ref: ParametersRef, { proxies }: ParametersLookup): ProxyParameters {
  const { field, namespace, name } = ref;
  if (!isOurs(ref)) {
    const found = `${ref.kind}${ref.group === '' ? '' : ` of group ${ref.group}`}`;
    return broken(`${field} refers to a ${found}: refer to kind ${proxyKind} of group ${group}. ${unchanged}`);
  }
  const spec = proxies.get(`${namespace}/${name}`);
  if (!spec) {
    return broken(
      `${field}: ${proxyKind} ${name} does not exist in namespace ${namespace}: create it, or remove the reference to use the defaults. ${unchanged}`,
    );
  }
  const problem = findInvalid(spec);
  const from = `${namespace}/${name}`;
  if (problem === undefined) return { kind: 'resolved', spec, from };
  return { ...broken(`${proxyKind} ${from}: ${problem} ${unchanged}`), from };
}

/** Returns what is invalid in a HoldfastProxy that its schema accepts, or undefined. */
export function findInvalid({ clientAddress, service }: HoldfastProxySpec): string | undefined {
  const lists = {
    'spec.clientAddress.trustedProxies': clientAddress.trustedProxies,
    'spec.service.loadBalancerSourceRanges': service.loadBalancerSourceRanges ?? [],
  };
  for (const [field, cidrs] of Object.entries(lists)) {
    const invalid = cidrs.find((cidr) => !parseCidr(cidr));
    if (invalid !== undefined) {
      return `${field}: "${invalid}" is not a valid CIDR: use an address and a prefix length, such as 10.0.0.0/8 or fd00::/8.`;
    }
  }
  return undefined;
}

const broken = (message: string): ProxyParameters => ({ kind: 'broken', message });

/** Returns the reference that applies to the Gateway that Holdfast generates for these StickyWorkloads: that of the oldest that has one. */
export function generatedReference(oldestFirst: readonly ServingPlan[]): ParametersRef | undefined {
  const first = oldestFirst.find(({ parametersRef }) => parametersRef !== undefined);
  return first?.parametersRef && { ...first.parametersRef };
}

/** Returns the older StickyWorkload whose different reference applies to the proxies that both share, or undefined. */
export function findOlderReference(plan: ServingPlan, oldestFirst: readonly ServingPlan[]): ServingPlan | undefined {
  const first = oldestFirst.find(({ parametersRef }) => parametersRef !== undefined);
  const isDifferent = plan.parametersRef !== undefined && first?.parametersRef?.name !== plan.parametersRef.name;
  return isDifferent ? first : undefined;
}

const everyRequest = { numerator: 1, denominator: 1 };

type SettingsSpec = Pick<
  HoldfastProxySpec,
  'clientAddress' | 'headers' | 'limits' | 'timeouts' | 'drainTimeout' | 'accessLog'
>;

/** Returns the settings that the table carries. `drainTimeoutsMs`: of each backend; undefined: it has no StickyWorkload. */
export function settingsOf(spec: SettingsSpec, drainTimeoutsMs: readonly (number | undefined)[]): ProxySettings {
  const { clientAddress, headers, limits, timeouts, drainTimeout, accessLog } = spec;
  return {
    trustedProxies: clientAddress.trustedProxies,
    proxyProtocol: clientAddress.proxyProtocol,
    requestIds: headers.requestID,
    limits,
    timeouts: {
      requestHeadMs: durationMs(timeouts.requestHead),
      requestBodyMs: durationMs(timeouts.requestBody),
      responseHeadMs: durationMs(timeouts.responseHead),
      clientIdleMs: durationMs(timeouts.clientIdle),
      connectMs: durationMs(timeouts.connect),
    },
    drainTimeoutMs: Math.min(durationMs(drainTimeout), longestDrainMs(drainTimeoutsMs)),
    ...(accessLog && { accessLog: accessLog.samplingFraction ?? everyRequest }),
  };
}

/**
 * A stream lasts no longer than the pod behind it, so that a proxy waits no longer than the longest drain timeout of the workloads that it serves.
 * The pods of a Service without a StickyWorkload have none, and may run on while the proxy terminates.
 */
function longestDrainMs(timeoutsMs: readonly (number | undefined)[]): number {
  const known = timeoutsMs.filter((timeoutMs) => timeoutMs !== undefined);
  return known.length === 0 || known.length < timeoutsMs.length
    ? Number.POSITIVE_INFINITY
    : known.reduce((one, other) => Math.max(one, other));
}
