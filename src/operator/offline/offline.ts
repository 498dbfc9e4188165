/**
 * The operator without a cluster. What it would create may be the input of its next translation (the HTTPRoute of a StickyWorkload, the
 * Service of a proxy), so it runs until it would create nothing else.
 */
import { createLedger } from '../../core/count/ledger.ts';
import { backendKey } from '../../core/names/names.ts';
import { translate } from '../../core/translate/translate.ts';
import type { Translation } from '../../core/translate/translation.ts';
import type { KubeObject } from '../../kube/ports.ts';
import type { KeyRing } from '../../wire/routing-table.ts';
import { createClusterState } from '../gather/cluster-state.ts';
import { describeError } from '../../platform/errors.ts';
import { findAffectedKeys } from '../translation/affected-keys.ts';
import { allChanges } from '../translation/changes.ts';
import { createQuarantine } from '../translation/quarantine.ts';
import type { Fault } from '../gather/faults.ts';
import type { Translated } from '../translation/translation-store.ts';
import { kindOfWork } from '../translation/work-keys.ts';
import { wholeOutcome } from '../workload/whole-outcome.ts';
import { judgeWorkload } from '../workload/judge-workload.ts';
import { reconcile, type ReconcileTools } from '../workload/reconcile.ts';
import { makeSlices } from './endpoint-slices.ts';
import { completeObject, runProxies } from './complete-objects.ts';
import { findFaults, nameOf } from './find-faults.ts';
import { explainIgnored } from './shapes/read-kinds.ts';
import { createRecord, createRecordingTools, describeObject, type Recorded } from './recording-tools.ts';
import { createStaticCaches } from '../gather/static-caches.ts';

export type OfflineOptions = { operatorNamespace: string; nowMs: number };

/** `source`: the file, for messages. */
export type Manifest = { source: string; object: KubeObject };

export type OfflineResult = {
  /** By `namespace/name` of the Gateway. */
  tables: Translation['tables'];
  statuses: Recorded['statuses'];
  /** What Holdfast would create, as it is when its proxies run. */
  created: KubeObject[];
  /** Sentences with the file and the object: what is left out because it is invalid, and what is ignored because its kind is not read. */
  faults: string[];
  ignored: string[];
};

/** The next round sees what the one before created; more than a few would be a bug. */
const mostRounds = 8;

/** What is invalid is left out, and the rest translated. */
export async function runOffline(given: readonly Manifest[], options: OfflineOptions): Promise<OfflineResult> {
  const checked = given.map((manifest) => ({ ...manifest, faults: findFaults(manifest.object) }));
  const valid = checked.filter(({ faults }) => faults.length === 0).map(({ object }) => object);
  const { faults, ...settled } = await settle(byName(valid.map(completeObject)), options);
  const sources = new Map(given.map(({ source, object }) => [nameOf(object), source]));
  const sourceOf = (name: string) => (sources.has(name) ? `${sources.get(name)}: ` : '');
  return {
    ...settled,
    faults: [
      ...checked.flatMap(({ source, object, faults: own }) => own.map((one) => `${source}: ${nameOf(object)}: ${one}`)),
      ...[...faults].map(([name, message]) => `${sourceOf(name)}${name}: ${message}`),
    ],
    ignored: given.flatMap(({ source, object }) => {
      const sentence = explainIgnored(object);
      return sentence === undefined ? [] : [`${source}: ${nameOf(object)}: ${sentence}`];
    }),
  };
}

/** `faults`: by the name of the object. */
type Round = { tables: Translation['tables']; recorded: Recorded; faults: ReadonlyMap<string, string> };

async function settle(
  objects: ReadonlyMap<string, KubeObject>,
  options: OfflineOptions,
): Promise<Omit<OfflineResult, 'faults' | 'ignored'> & Pick<Round, 'faults'>> {
  let created = new Map<string, KubeObject>();
  for (let round = 0; round < mostRounds; round += 1) {
    const all = [...objects.values(), ...created.values()];
    const { tables, recorded, faults } = await runOnce([...all, ...makeSlices(all).map(completeObject)], options);
    const next = byName(recorded.ensured.map((object) => runProxies(completeObject(object))));
    for (const key of objects.keys()) next.delete(key);
    if (JSON.stringify([...next]) === JSON.stringify([...created])) {
      return { tables, statuses: recorded.statuses, created: [...created.values()], faults };
    }
    created = next;
  }
  throw new Error('what Holdfast would create never settles');
}

/** Of two objects with the same name the later one counts, as with `kubectl apply`. */
const byName = (objects: readonly KubeObject[]): Map<string, KubeObject> =>
  new Map(objects.map((object) => [describeObject(object.kind, object.metadata), object]));

async function runOnce(objects: readonly KubeObject[], options: OfflineOptions): Promise<Round> {
  const { operatorNamespace, nowMs } = options;
  const caches = createStaticCaches(objects);
  const now = () => nowMs;
  const state = createClusterState({ caches, lostNodes: { names: () => new Set() }, operatorNamespace, nowMs: now });
  const given = { ...state.snapshot(), keyRings: standInKeys(caches.list('workloads')), masterRing: standIn };
  const { snapshot, result, faults: withheld } = createQuarantine((one) => translate(one))(given, undefined);
  const translated = { snapshot, translation: result, faults: withheld };
  const recorded = createRecord();
  const failed = await reconcileAll(translated, createRecordingTools(recorded, { translated, caches, nowMs: now }));
  for (const [key, own] of recorded.outcomes) {
    const outcome = wholeOutcome(key, own, { translated, gateways: recorded.gatewayOutcomes }) ?? own;
    const status = judgeWorkload(key, translated, { outcome, previous: undefined, ledger: createLedger(), nowMs });
    if (status) recorded.statuses[`StickyWorkload ${key}`] = status;
  }
  return { tables: result.tables, recorded, faults: new Map([...withheld.map(nameFault), ...failed]) };
}

const nameFault = ({ kind, namespace, name, message }: Fault): [string, string] => [
  describeObject(kind, { namespace, name }),
  message,
];

/** Returns the failures by the name of the object. */
async function reconcileAll(translated: Translated, tools: ReconcileTools): Promise<Map<string, string>> {
  const failed = new Map<string, string>();
  for (const key of findAffectedKeys(translated, allChanges())) {
    try {
      await reconcile(key, tools);
    } catch (error) {
      const kind = kindOfWork(key);
      const name = key.startsWith(kind) ? key.slice(kind.length + 1) : key;
      failed.set(`${kind} ${name}`, `has no status, as it cannot be judged: ${describeError(error)}.`);
    }
  }
  return failed;
}

/** The keys of a cluster are secret and random; without any, nothing with sessions would be served. */
const standIn: KeyRing = { current: 1, keys: [] };

const standInKeys = (
  workloads: readonly { metadata: { namespace: string; name: string } }[],
): Record<string, KeyRing> =>
  Object.fromEntries(workloads.map(({ metadata: { namespace, name } }) => [backendKey(namespace, name), standIn]));
