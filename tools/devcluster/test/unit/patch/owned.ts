import type { KubeObject } from '../../../../../src/kube/ports.ts';
import { trackUpdate, type ManagedFieldsEntry } from '../../../patch/managed-fields.ts';
import { type Apply, type ApplyResult, serverSideApply } from '../../../patch/server-side-apply.ts';
import { schemaTopology, type Topology } from '../../../patch/topology.ts';
import type { Schema } from '../../../schema/schema.ts';

const text: Schema = { type: 'string' };
export const topology: Topology = schemaTopology({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer' },
        color: text,
        words: { type: 'object', additionalProperties: text },
        selector: { type: 'object', 'x-kubernetes-map-type': 'atomic', additionalProperties: text },
        tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: text },
        steps: { type: 'array', items: text },
        box: { type: 'object', properties: { x: text, y: text } },
        parts: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['id', 'side'],
          items: { type: 'object', properties: { id: text, side: { ...text, default: 'left' }, value: text } },
        },
      },
    },
    status: { type: 'object', properties: { ready: { type: 'integer' } } },
  },
});

export const widget = (spec: object, metadata: object = {}): KubeObject => ({
  apiVersion: 'shop.example/v1',
  kind: 'Widget',
  metadata: { name: 'w', namespace: 'n', ...metadata },
  spec,
});

/** Returns the object with its managed fields, as it is stored. */
export const stored = (object: KubeObject, managedFields: ManagedFieldsEntry[]): KubeObject => ({
  ...object,
  metadata: Object.assign({}, object.metadata, { managedFields }),
});

/** Each write is a second after the previous one. */
const timeOf = (step: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, step)).toISOString().replace('.000', '');

export type Write = {
  by: string;
  spec: object;
  metadata?: object;
  force?: true;
  how?: 'apply' | 'update';
  subresource?: string;
};

/** Returns the object after the writes, up to the first that is refused. */
export function writeAll(writes: readonly Write[]): { live: KubeObject | undefined; last: ApplyResult | undefined } {
  let live: KubeObject | undefined;
  let last: ApplyResult | undefined;
  for (const [step, { by: manager, force, how, metadata, spec, subresource }] of writes.entries()) {
    const given = widget(spec, metadata);
    const common = { manager, topology, nowIso: timeOf(step), subresource };
    if (how === 'update') {
      live = stored(given, trackUpdate({ ...common, before: live, after: given }));
      continue;
    }
    const request: Apply = { ...common, live, applied: given, force: force === true };
    last = serverSideApply(request);
    if (last.outcome !== 'applied') break;
    live = stored(last.object, last.managedFields);
  }
  return { live, last };
}

export const entriesOf = (object: KubeObject | undefined): ManagedFieldsEntry[] => {
  const metadata = object?.metadata as { managedFields?: ManagedFieldsEntry[] } | undefined;
  return metadata?.managedFields ?? [];
};

/** Returns the fields of the spec by manager: `A: {…}`. */
export const ownersOf = (object: KubeObject | undefined): Record<string, unknown> =>
  Object.fromEntries(
    entriesOf(object).map(({ fieldsV1, manager, operation }) => [
      `${manager} ${operation}`,
      fieldsV1['f:spec'] ?? fieldsV1,
    ]),
  );
