/** Kubernetes objects from YAML: several documents in a text, and the items of a List. */
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../kube/ports.ts';
import { isRecord } from '../../platform/record.ts';

/** `source`: for messages. Throws Error with the place of what is not an object of Kubernetes. */
export function readManifests(text: string, source: string): KubeObject[] {
  return parseAllDocuments(text).flatMap((document, at) => {
    const place = `${source}, document ${at + 1}`;
    const [error] = document.errors;
    if (error) throw new Error(`${place}: ${error.message}`);
    return readObject(document.toJS(), place);
  });
}

function readObject(value: unknown, place: string): KubeObject[] {
  if (value === null) return [];
  if (isRecord(value) && Array.isArray(value['items'])) {
    return value['items'].flatMap((item, at) => readObject(item, `${place}, items[${at}]`));
  }
  if (!isKubeObject(value)) throw new Error(`${place}: an object has an apiVersion, a kind and a metadata.name`);
  return [value];
}

const isKubeObject = (value: unknown): value is KubeObject =>
  isRecord(value) &&
  typeof value['apiVersion'] === 'string' &&
  typeof value['kind'] === 'string' &&
  isRecord(value['metadata']) &&
  typeof value['metadata']['name'] === 'string';
