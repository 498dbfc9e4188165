/** Objects that must not take part in a translation. */
import { describeError } from '../../platform/errors.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { groupOf } from '../gather/static-caches.ts';
import { entriesOf, everyKind } from '../gather/watched.ts';
import { completeObject, namespaceOf } from './complete-objects.ts';
import { describeObject } from './recording-tools.ts';
import { checkObject } from './shapes/check-object.ts';

/** Returns why an object cannot be read, one sentence for each field; empty if it can. */
export function findFaults(object: KubeObject): string[] {
  const defects = checkObject(object);
  return defects.length > 0 ? defects.map((defect) => `${defect}.`) : findUnreadable(object);
}

/** The schemas of `shapes` may lack a field that is read. */
function findUnreadable(object: KubeObject): string[] {
  const watches = entriesOf(everyKind).filter(
    ([, { resource }]) => resource.kind === object.kind && resource.group === groupOf(object),
  );
  try {
    const complete = completeObject(object);
    for (const [, { project }] of watches) project?.(complete);
    return [];
  } catch (error) {
    return [`cannot be read (${describeError(error)}): compare it with the schema of its kind.`];
  }
}

/** `KIND NAMESPACE/NAME`. */
export const nameOf = (object: KubeObject): string =>
  describeObject(object.kind, { name: object.metadata.name, ...namespaceIn(object) });

function namespaceIn(object: KubeObject): { namespace?: string } {
  const namespace = namespaceOf(object);
  return namespace === undefined ? {} : { namespace };
}
