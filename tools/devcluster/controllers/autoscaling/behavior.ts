/** How fast a recommendation may be followed: stabilization windows and scaling policies of kube-controller-manager (1.35). Pure. */
import type { Autoscaler, ScalingPolicy, ScalingRules } from './objects.ts';

export type Recommendation = { replicas: number; atMs: number };
export type ScaleEvent = { change: number; atMs: number };
/** What the autoscaler remembers from one look to the next; lost with the process, as there. */
export type AutoscalerMemory = {
  recommendations: readonly Recommendation[];
  ups: readonly ScaleEvent[];
  downs: readonly ScaleEvent[];
};

/** For the conditions AbleToScale and ScalingLimited. */
export type Explanation = { reason: string; message: string };
export type Normalized = {
  replicas: number;
  ableToScale: Explanation;
  scalingLimited: Explanation & { limited: boolean };
  memory: AutoscalerMemory;
};

export type Wish = { current: number; desired: number; min: number; max: number };

type CompleteRules = Required<Omit<ScalingRules, 'tolerance'>>;
export type CompleteBehavior = { up: CompleteRules; down: CompleteRules };

const downscaleStabilizationSeconds = 300;

/** The defaults for what an autoscaler leaves out; undefined where it says nothing at all about its behavior. */
export function completeBehavior({ spec }: Autoscaler): CompleteBehavior | undefined {
  if (spec.behavior === undefined) return undefined;
  const { scaleUp, scaleDown } = spec.behavior;
  const percent: ScalingPolicy = { type: 'Percent', value: 100, periodSeconds: 15 };
  return {
    up: complete(scaleUp, {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Max',
      policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, percent],
    }),
    down: complete(scaleDown, {
      stabilizationWindowSeconds: downscaleStabilizationSeconds,
      selectPolicy: 'Max',
      policies: [percent],
    }),
  };
}

function complete(rules: ScalingRules = {}, defaults: CompleteRules): CompleteRules {
  return {
    stabilizationWindowSeconds: rules.stabilizationWindowSeconds ?? defaults.stabilizationWindowSeconds,
    selectPolicy: rules.selectPolicy ?? defaults.selectPolicy,
    policies: rules.policies ?? defaults.policies,
  };
}

/** From what the metrics ask for to what is done. */
export function normalize(
  wish: Wish,
  behavior: CompleteBehavior | undefined,
  { memory, nowMs }: { memory: AutoscalerMemory; nowMs: number },
): Normalized {
  const windows = {
    up: (behavior?.up.stabilizationWindowSeconds ?? 0) * 1000,
    down: (behavior?.down.stabilizationWindowSeconds ?? downscaleStabilizationSeconds) * 1000,
  };
  const stabilized =
    behavior === undefined
      ? stabilizeDown(wish, memory, nowMs - windows.down)
      : stabilize(wish, memory, { nowMs, windows });
  const limit = behavior === undefined ? limitPlainly : limitByRules(behavior, memory, nowMs);
  const { replicas, ...scalingLimited } = limit({ ...wish, desired: stabilized });
  const oldest = nowMs - Math.max(windows.up, windows.down);
  const recommendations = [
    ...memory.recommendations.filter(({ atMs }) => atMs >= oldest),
    { replicas: wish.desired, atMs: nowMs },
  ];
  return {
    replicas,
    ableToScale: explainStabilization(wish, stabilized),
    scalingLimited: { ...scalingLimited, limited: replicas !== stabilized },
    memory: { ...memory, recommendations },
  };
}

/** Without `behavior`: the highest recommendation of the last five minutes. */
function stabilizeDown({ desired }: Wish, { recommendations }: AutoscalerMemory, sinceMs: number): number {
  return Math.max(desired, ...recommendations.filter(({ atMs }) => atMs >= sinceMs).map(({ replicas }) => replicas));
}

type Windows = { nowMs: number; windows: { up: number; down: number } };

/** Up to the lowest of the up window, down to the highest of the down window, and else where it is. */
function stabilize(
  { current, desired }: Wish,
  { recommendations }: AutoscalerMemory,
  { nowMs, windows }: Windows,
): number {
  const within = (windowMs: number) =>
    recommendations.filter(({ atMs }) => atMs > nowMs - windowMs).map(({ replicas }) => replicas);
  const lowest = Math.min(desired, ...within(windows.up));
  const highest = Math.max(desired, ...within(windows.down));
  return Math.min(Math.max(current, lowest), highest);
}

function explainStabilization({ desired }: Wish, stabilized: number): Explanation {
  if (stabilized === desired) return { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
  const [side, extreme] = stabilized < desired ? ['lower', 'lowest'] : ['higher', 'highest'];
  return {
    reason: stabilized < desired ? 'ScaleUpStabilized' : 'ScaleDownStabilized',
    message: `recent recommendations were ${side} than current one, applying the ${extreme} recent recommendation`,
  };
}

type Limited = { replicas: number; reason: string; message: string };

const limited =
  (reason: string, message: string) =>
  (replicas: number): Limited => ({ replicas, reason, message: `the desired ${message}` });

const inRange = limited('DesiredWithinRange', 'count is within the acceptable range');
const tooMany = limited('TooManyReplicas', 'replica count is more than the maximum replica count');
const tooFew = limited('TooFewReplicas', 'replica count is less than the minimum replica count');
const tooFastUp = limited('ScaleUpLimit', 'replica count is increasing faster than the maximum scale rate');
const tooFastDown = limited('ScaleDownLimit', 'replica count is decreasing faster than the maximum scale rate');

/** Without `behavior`: at most twice as many, or four, at a time. */
function limitPlainly({ current, desired, min, max }: Wish): Limited {
  const ceiling = Math.max(2 * current, 4);
  if (desired < min) return tooFew(min);
  if (desired > Math.min(ceiling, max)) return max > ceiling ? tooFastUp(ceiling) : tooMany(max);
  return inRange(desired);
}

function limitByRules(
  { up, down }: CompleteBehavior,
  memory: AutoscalerMemory,
  nowMs: number,
): (wish: Wish) => Limited {
  return ({ current, desired, min, max }) => {
    if (desired > current) {
      const ceiling = Math.max(current, upLimit(current, up, { memory, nowMs }));
      if (desired > Math.min(ceiling, max)) return max > ceiling ? tooFastUp(ceiling) : tooMany(max);
    } else if (desired < current) {
      const floor = Math.min(current, downLimit(current, down, { memory, nowMs }));
      if (desired < Math.max(floor, min)) return min < floor ? tooFastDown(floor) : tooFew(min);
    }
    return inRange(desired);
  };
}

type Moment = { memory: AutoscalerMemory; nowMs: number };

/** How many there were when the period of the policy began. */
function atPeriodStart(current: number, { periodSeconds }: ScalingPolicy, { memory, nowMs }: Moment): number {
  const changed = (events: readonly ScaleEvent[]): number =>
    events.filter(({ atMs }) => atMs > nowMs - periodSeconds * 1000).reduce((total, { change }) => total + change, 0);
  return current - changed(memory.ups) + changed(memory.downs);
}

/** Percentages are rounded up, so that a small target grows at all. */
function upLimit(current: number, { selectPolicy, policies }: CompleteRules, moment: Moment): number {
  if (selectPolicy === 'Disabled') return current;
  const limits = policies.map((policy) => {
    const start = atPeriodStart(current, policy, moment);
    return policy.type === 'Pods' ? start + policy.value : Math.ceil(start * (1 + policy.value / 100));
  });
  return selectPolicy === 'Min' ? Math.min(...limits) : Math.max(...limits);
}

/** `Max` is the largest change, so the lowest floor. */
function downLimit(current: number, { selectPolicy, policies }: CompleteRules, moment: Moment): number {
  if (selectPolicy === 'Disabled') return current;
  const limits = policies.map((policy) => {
    const start = atPeriodStart(current, policy, moment);
    return policy.type === 'Pods' ? start - policy.value : Math.trunc(start * (1 - policy.value / 100));
  });
  return selectPolicy === 'Min' ? Math.max(...limits) : Math.min(...limits);
}

export type Rescale = { from: number; to: number; nowMs: number };

/** Notes what was done, for the policies to count. Without `behavior` there are none. */
export function rememberScaling(
  memory: AutoscalerMemory,
  behavior: CompleteBehavior | undefined,
  { from, to, nowMs }: Rescale,
): AutoscalerMemory {
  if (behavior === undefined || from === to) return memory;
  const longest = Math.max(
    0,
    ...[...behavior.up.policies, ...behavior.down.policies].map(({ periodSeconds }) => periodSeconds),
  );
  const recent = (events: readonly ScaleEvent[]) => events.filter(({ atMs }) => atMs >= nowMs - longest * 1000);
  const event = { change: Math.abs(to - from), atMs: nowMs };
  return {
    ...memory,
    ups: to > from ? [...recent(memory.ups), event] : recent(memory.ups),
    downs: to > from ? recent(memory.downs) : [...recent(memory.downs), event],
  };
}
