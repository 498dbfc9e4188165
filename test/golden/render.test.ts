/** What Holdfast creates for objects of Kubernetes, and what it says about them: as `holdfast translate --objects` does, without tables. */
import { plainResult } from '../../src/cli/translate/present.ts';
import { readManifests } from '../../src/cli/translate/read-manifests.ts';
import { runOffline } from '../../src/operator/offline/offline.ts';
import type { KubeObject } from '../../src/kube/ports.ts';
import { goldenCases } from '../support/golden.ts';

const options = { operatorNamespace: 'holdfast-system', nowMs: Date.parse('2026-06-01T00:00:00Z') };

async function render(text: string): Promise<unknown> {
  const { created, statuses, ...rest } = await runOffline(readManifests(text, 'input').manifests, options);
  const { 'GatewayClass holdfast': _class, ...others } = statuses;
  const result = { ...rest, created: created.map(asRendered), statuses: others };
  const { tables: _tables, ...shown } = plainResult(result, { objects: true }) as { tables: object };
  return shown;
}

/** Without what the API server and the controllers of Kubernetes would add. */
function asRendered({ apiVersion, kind, metadata, status: _status, ...rest }: KubeObject): KubeObject {
  const { uid: _uid, creationTimestamp: _createdAt, generation: _generation, ...own } = metadata;
  return { apiVersion, kind, metadata: own, ...rest };
}

goldenCases(new URL('render/', import.meta.url), (text) => render(String(text)), String);
