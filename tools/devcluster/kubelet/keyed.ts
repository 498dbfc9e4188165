/** The contents of ConfigMaps and Secrets, by key. */
import { configMaps, type ClusterApi } from '../cluster-api.ts';
import type { KubeObject } from '../../../src/kube/ports.ts';
import { secrets } from '../../../src/kube/resources.ts';

export type Keyed = { kind: 'ConfigMap' | 'Secret'; name: string };

/** Returns undefined if the object does not exist. */
export type ReadKeyed = (keyed: Keyed) => ReadonlyMap<string, Buffer> | undefined;

export function createKeyedReader(api: Pick<ClusterApi, 'get'>, namespace: string): ReadKeyed {
  return ({ kind, name }) => {
    const object = api.get(kind === 'Secret' ? secrets : configMaps, { namespace, name });
    if (!object) return undefined;
    const texts =
      kind === 'Secret'
        ? []
        : entriesOf(object, 'data').map(([key, text]): [string, Buffer] => [key, Buffer.from(text)]);
    const bytes = entriesOf(object, kind === 'Secret' ? 'data' : 'binaryData').map(([key, text]): [string, Buffer] => [
      key,
      Buffer.from(text, 'base64'),
    ]);
    return new Map([...texts, ...bytes]);
  };
}

export const notFound = ({ kind, name }: Keyed): string => `${kind.toLowerCase()} "${name}" not found`;

function entriesOf(object: KubeObject, field: string): [string, string][] {
  const map: unknown = object[field];
  return typeof map === 'object' && map !== null
    ? Object.entries(map).map(([key, value]): [string, string] => [key, String(value)])
    : [];
}
