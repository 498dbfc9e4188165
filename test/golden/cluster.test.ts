/** Objects of Kubernetes as users write them, and what Holdfast makes of them: `holdfast translate` prints the same. */
import { plainResult } from '../../src/cli/translate/present.ts';
import { readManifests } from '../../src/cli/translate/read-manifests.ts';
import { runOffline } from '../../src/operator/offline/offline.ts';
import { goldenCases } from '../support/golden.ts';

const options = { operatorNamespace: 'holdfast-system', nowMs: Date.parse('2026-06-01T00:00:00Z') };

/** The GatewayClass that Holdfast creates is the same in every case. */
async function translate(text: string): Promise<unknown> {
  const result = await runOffline(readManifests(text, 'input').manifests, options);
  const { 'GatewayClass holdfast': _class, ...statuses } = result.statuses;
  return plainResult(
    { ...result, statuses: Object.fromEntries(Object.entries(statuses).map(withoutFeatures)) },
    { objects: false },
  );
}

/** Every feature that is added would change each case with a GatewayClass. */
function withoutFeatures([key, status]: [string, object]): [string, object] {
  const { supportedFeatures: _features, ...rest } = status as { supportedFeatures?: unknown };
  return [key, rest];
}

goldenCases(new URL('cluster/', import.meta.url), (text) => translate(String(text)), String);
