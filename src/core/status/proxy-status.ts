/** The status of a HoldfastProxy: whether it is valid, and the Gateways to whose proxies it applies. */
import type { HoldfastProxySpec } from '../../api/holdfastproxy.ts';
import type { Reason } from '../../api/reasons.ts';
import { formatCount } from '../names/format.ts';
import { exposedListeners, type GatewayPlan } from '../resolve/gateway-plan.ts';
import { gatewayKey } from '../resolve/plan.ts';
import { findInvalid } from '../resolve/proxy-parameters.ts';
import type { ApplyOutcome } from './input.ts';
import { dateConditions, holds, lacks, readConditions, type Observed, type Verdict } from './dated-conditions.ts';

/** A Gateway to which it applies. `outcome`: of applying these settings; absent until then. */
type User = { plan: GatewayPlan; outcome?: ApplyOutcome };

export type ProxyUse = { spec: HoldfastProxySpec; gateways: readonly User[] };

export function judgeHoldfastProxy(use: ProxyUse, observed: Observed, nowMs: number): object {
  const before = readConditions(observed.status);
  const applied = judgeUse(use);
  // While they are being applied, what is known of earlier settings stays.
  const isOpen = applied.reason === pending && before.some(({ type }) => type === applied.type);
  const verdicts = isOpen ? [judgeSettings(use)] : [judgeSettings(use), applied];
  const kept = isOpen ? before.filter(({ type }) => type === applied.type) : [];
  return {
    gateways: use.gateways.length,
    conditions: [...dateConditions(verdicts, observed, { nowMs, before }), ...kept],
  };
}

function judgeSettings({ spec }: ProxyUse): Verdict {
  const problem = findInvalid(spec);
  return problem === undefined
    ? holds('Accepted', 'Accepted', 'The settings are valid.')
    : lacks('Accepted', 'InvalidParameters', `${problem} The proxies continue as they are.`);
}

function judgeUse({ spec, gateways }: ProxyUse): Verdict {
  if (findInvalid(spec) !== undefined) return lacks('Applied', 'NotAccepted', 'Condition Accepted is not True.');
  if (gateways.length === 0) {
    return lacks(
      'Applied',
      'NotReferenced',
      'It applies to no Gateway: name it in spec.infrastructure.parametersRef of a Gateway, in spec.parametersRef of a GatewayClass, or in spec.dataplane.parametersRef of a StickyWorkload.',
    );
  }
  const failed = gateways.flatMap((user) => explainFailure(user) ?? []);
  const [first] = failed;
  if (first) return lacks('Applied', first.reason, messagesOf(failed));
  const waiting = gateways.filter(({ outcome }) => outcome === undefined);
  if (waiting.length > 0) return lacks('Applied', pending, `It is being applied to ${describeGateways(waiting)}.`);
  const ignored = gateways.flatMap(({ plan }) => explainNodePorts(spec, plan) ?? []);
  const applies = `It applies to the proxies of ${describeGateways(gateways)}.`;
  return holds('Applied', 'Applied', [applies, messagesOf(ignored)].join(' ').trimEnd());
}

const pending = 'Pending' satisfies Reason;

type Problem = { reason: Reason; message: string };

function explainFailure({ plan, outcome }: User): Problem | undefined {
  if (outcome === undefined || outcome.kind === 'applied') return undefined;
  if (outcome.kind === 'conflict') return outcome;
  return {
    reason: 'ApplyFailed',
    message: `Gateway ${gatewayKey(plan.gateway)}: ${outcome.message}. The write will be retried.`,
  };
}

/** The rest of the Service is as it is asked for. */
function explainNodePorts({ service: { nodePorts = [] } }: HoldfastProxySpec, plan: GatewayPlan): Problem | undefined {
  const ports = new Set(exposedListeners(plan).map(({ port }) => port));
  const unknown = nodePorts.filter(({ port }) => !ports.has(port)).map(({ port }) => port);
  if (unknown.length === 0) return undefined;
  const which = `${unknown.length === 1 ? 'port' : 'ports'} ${unknown.join(', ')}`;
  return {
    reason: 'Applied',
    message: `spec.service.nodePorts: Gateway ${gatewayKey(plan.gateway)} has no listener on ${which}: add one, or remove the entry.`,
  };
}

const messagesOf = (problems: readonly Problem[]): string =>
  problems
    .slice(0, shown)
    .map(({ message }) => message)
    .join(' ');

/** A HoldfastProxy of a class may apply to thousands. */
const shown = 5;

function describeGateways(gateways: ProxyUse['gateways']): string {
  const names = gateways.slice(0, shown).map(({ plan }) => gatewayKey(plan.gateway));
  const more = gateways.length > shown ? ', …' : '';
  return `${formatCount(gateways.length, 'Gateway')}: ${names.join(', ')}${more}`;
}
