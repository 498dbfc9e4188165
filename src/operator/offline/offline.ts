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
import { findAffectedKeys } from '../translation/affected-keys.ts';
import { wholeOutcome } from '../workload/whole-outcome.ts';
import { judgeWorkload } from '../workload/judge-workload.ts';
import { reconcile } from '../workload/reconcile.ts';
import { makeSlices } from './endpoint-slices.ts';
import { completeObject, runProxies } from './complete-objects.ts';
import { createRecord, createRecordingTools, describeObject, type Recorded } from './recording-tools.ts';
import { createStaticCaches } from '../gather/static-caches.ts';

export type OfflineOptions = { operatorNamespace: string; nowMs: number };

export type OfflineResult = {
  /** By `namespace/name` of the Gateway. */
  tables: Translation['tables'];
  statuses: Recorded['statuses'];
  /** What Holdfast would create, as it is when its proxies run. */
  created: KubeObject[];
};

/** The next round sees what the one before created; more than a few would be a bug. */
const mostRounds = 8;

export async function runOffline(given: readonly KubeObject[], options: OfflineOptions): Promise<OfflineResult> {
  const objects = byName(given.map(completeObject));
  let created = new Map<string, KubeObject>();
  for (let round = 0; round < mostRounds; round += 1) {
    const all = [...objects.values(), ...created.values()];
    const { tables, recorded } = await runOnce([...all, ...makeSlices(all).map(completeObject)], options);
    const next = byName(recorded.ensured.map((object) => runProxies(completeObject(object))));
    for (const key of objects.keys()) next.delete(key);
    if (JSON.stringify([...next]) === JSON.stringify([...created])) {
      return { tables, statuses: recorded.statuses, created: [...created.values()] };
    }
    created = next;
  }
  throw new Error('what Holdfast would create never settles');
}

/** Of two objects with the same name the later one counts, as with `kubectl apply`. */
const byName = (objects: readonly KubeObject[]): Map<string, KubeObject> =>
  new Map(objects.map((object) => [describeObject(object.kind, object.metadata), object]));

async function runOnce(
  objects: readonly KubeObject[],
  { operatorNamespace, nowMs }: OfflineOptions,
): Promise<{ tables: Translation['tables']; recorded: Recorded }> {
  const caches = createStaticCaches(objects);
  const now = () => nowMs;
  const state = createClusterState({ caches, lostNodes: { names: () => new Set() }, operatorNamespace, nowMs: now });
  const snapshot = { ...state.snapshot(), keyRings: standInKeys(caches.list('workloads')), masterRing: standIn };
  const translated = { snapshot, translation: translate(snapshot), faults: [] };
  const recorded = createRecord();
  const tools = createRecordingTools(recorded, { translated, caches, nowMs: now });
  for (const key of findAffectedKeys(translated, new Set([undefined]))) await reconcile(key, tools);
  for (const [key, own] of recorded.outcomes) {
    const outcome = wholeOutcome(key, own, { translated, gateways: recorded.gatewayOutcomes }) ?? own;
    const status = judgeWorkload(key, translated, { outcome, previous: undefined, ledger: createLedger(), nowMs });
    if (status) recorded.statuses[`StickyWorkload ${key}`] = status;
  }
  return { tables: translated.translation.tables, recorded };
}

/** The keys of a cluster are secret and random; without any, nothing with sessions would be served. */
const standIn: KeyRing = { current: 1, keys: [] };

const standInKeys = (
  workloads: readonly { metadata: { namespace: string; name: string } }[],
): Record<string, KeyRing> =>
  Object.fromEntries(workloads.map(({ metadata: { namespace, name } }) => [backendKey(namespace, name), standIn]));
