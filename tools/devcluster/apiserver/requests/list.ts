/** Lists: selectors and pages. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { isJsonObject } from '../../schema/json.ts';
import { StatusError } from '../../status-error.ts';
import { matchesFields, parseFieldSelector } from '../../store/field-selector.ts';
import { matchesLabels, parseLabelSelector } from '../../store/label-selector.ts';
import type { Cluster } from '../cluster.ts';
import { numberAt, textAt } from '../fields.ts';
import type { Kind } from '../kinds/kind.ts';
import type { ListOptions } from './options.ts';

/** `items` have the stored form; the caller converts them to the requested version. */
export type Page = { items: KubeObject[]; resourceVersion: number; continueToken: string; remaining: number };

type Selectors = Pick<ListOptions, 'labelSelector' | 'fieldSelector'>;

/** Returns whether a stored object matches the selectors. */
export function createFilter(kind: Kind, { labelSelector, fieldSelector }: Selectors): (stored: KubeObject) => boolean {
  const labels = parseLabelSelector(labelSelector);
  const fields = parseFieldSelector(fieldSelector, kind.selectableFields);
  return (stored) =>
    matchesLabels(labels, stored.metadata.labels) &&
    (fields.length === 0 || matchesFields(fields, kind.fromStored(stored)));
}

export function listObjects({ store }: Cluster, kind: Kind, namespace: string | undefined, options: ListOptions): Page {
  refuseFuture(options, store.revision());
  const isWanted = createFilter(kind, options);
  const start = options.continueToken === '' ? undefined : parseToken(options.continueToken);
  const resourceVersion = start?.resourceVersion ?? store.revision();
  // All pages show the state at the first.
  const state =
    start === undefined
      ? store.list(kind.shelf, namespace)
      : store.listAt(kind.shelf, start.resourceVersion, namespace);
  if (state === undefined) throw expiredToken();
  const all = state.filter(isWanted);
  const left = start === undefined ? all : all.filter(({ metadata }) => keyOf(metadata) > start.key);
  const { limit } = options;
  if (limit <= 0 || left.length <= limit) return { items: left, resourceVersion, continueToken: '', remaining: 0 };
  const items = left.slice(0, limit);
  const last = items.at(-1);
  const continueToken = last === undefined ? '' : formatToken({ resourceVersion, key: keyOf(last.metadata) });
  return { items, resourceVersion, continueToken, remaining: left.length - limit };
}

/** A real API server waits three seconds for its cache to catch up. This one has no cache that could be behind. */
function refuseFuture({ resourceVersion = 0 }: ListOptions, current: number): void {
  if (resourceVersion > current) {
    throw new StatusError('Timeout', `Timeout: Too large resource version: ${resourceVersion}, current: ${current}`, {
      retryAfterSeconds: 1,
    });
  }
}

const keyOf = ({ namespace, name }: KubeObject['metadata']): string => `${namespace ?? ''}/${name}`;

const formatToken = ({ resourceVersion, key }: { resourceVersion: number; key: string }): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: resourceVersion, start: key })).toString('base64url');

function parseToken(text: string): { resourceVersion: number; key: string } {
  try {
    const token: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (isJsonObject(token)) return { resourceVersion: numberAt(token, 'rv') ?? 0, key: textAt(token, 'start') };
  } catch {
    // Reported below.
  }
  throw new StatusError(
    'BadRequest',
    "invalid continue token: continue key is not valid: invalid character 'i' looking for beginning of value",
  );
}

const expired =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.';
const expiredToken = (): StatusError => new StatusError('Expired', expired);
