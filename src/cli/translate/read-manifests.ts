/** Kubernetes objects from YAML: several documents in a text, and the items of a List. */
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../kube/ports.ts';
import type { Manifest } from '../../operator/offline/offline.ts';
import { isRecord } from '../../platform/record.ts';

/** `problems`: sentences with the places of what is not an object of Kubernetes. */
export type Manifests = { manifests: Manifest[]; problems: string[] };

/** `source`: the file, for messages. */
export function readManifests(text: string, source: string): Manifests {
  const read: Manifests = { manifests: [], problems: [] };
  for (const [at, document] of parseAllDocuments(text).entries()) {
    const place = `${source}, document ${at + 1}`;
    const [error] = document.errors;
    if (error) read.problems.push(`${place}: ${error.message.trimEnd()}`);
    else collect(document.toJS(), { place, source, read });
  }
  return read;
}

function collect(value: unknown, { place, source, read }: { place: string; source: string; read: Manifests }): void {
  if (value === null) return;
  if (isRecord(value) && Array.isArray(value['items'])) {
    for (const [at, item] of value['items'].entries()) collect(item, { place: `${place}, items[${at}]`, source, read });
  } else if (isKubeObject(value)) {
    read.manifests.push({ source, object: value });
  } else {
    read.problems.push(`${place}: an object has an apiVersion, a kind and a metadata.name.`);
  }
}

const isKubeObject = (value: unknown): value is KubeObject =>
  isRecord(value) &&
  typeof value['apiVersion'] === 'string' &&
  typeof value['kind'] === 'string' &&
  isRecord(value['metadata']) &&
  typeof value['metadata']['name'] === 'string';
