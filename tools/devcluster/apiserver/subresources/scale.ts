/** The scale subresource: the replicas of an object as `autoscaling/v1 Scale`. */
import type { KubeObject, ObjectRef } from '../../../../src/kube/ports.ts';
import { invalid, invalidObject } from '../../schema/field-error.ts';
import { formatLabelSelector, readLabelSelector } from '../../store/label-selector.ts';
import { type Cluster, getObject, type WriteRequest } from '../cluster.ts';
import { numberAt, valueAt, withValue } from '../fields.ts';
import type { Kind, ScalePaths } from '../kinds/kind.ts';
import { type Patch, patched } from '../writes/patch.ts';
import { changeObject, type Proposal } from '../writes/update.ts';

export type ScaleTarget = { kind: Kind; paths: ScalePaths; ref: ObjectRef };

export const getScale = (cluster: Cluster, { kind, paths, ref }: ScaleTarget): KubeObject =>
  buildScale(paths, getObject(cluster, kind, ref));

function buildScale(paths: ScalePaths, object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const metadata = {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
  };
  const source = paths.selector === undefined ? undefined : valueAt(object, ...paths.selector);
  const selector = typeof source === 'string' ? source : formatLabelSelector(readLabelSelector(source) ?? []);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata,
    spec: { replicas: numberAt(object, ...paths.spec) ?? 0 },
    status: { replicas: numberAt(object, ...paths.status) ?? 0, ...(selector !== '' && { selector }) },
  };
}

/** `change` returns the requested Scale, made from the current one. */
export async function changeScale(
  cluster: Cluster,
  target: ScaleTarget,
  change: (scale: KubeObject) => unknown,
  request: WriteRequest,
): Promise<KubeObject> {
  const { kind, paths, ref } = target;
  const propose = (current: KubeObject): Proposal => {
    const wanted = change(buildScale(paths, current));
    const replicas = numberAt(wanted, 'spec', 'replicas') ?? 0;
    if (replicas < 0) {
      throw invalidObject('Scale.autoscaling', ref.name, [
        invalid('spec.replicas', replicas, 'must be greater than or equal to 0'),
      ]);
    }
    const resourceVersion = valueAt(wanted, 'metadata', 'resourceVersion');
    const metadata = { ...current.metadata, ...(typeof resourceVersion === 'string' && { resourceVersion }) };
    return { object: { ...current, ...withValue(current, paths.spec, replicas), metadata } };
  };
  return buildScale(paths, await changeObject(cluster, { kind, ref, subresource: 'scale', propose }, request));
}

export const patchedScale =
  ({ type, body }: Pick<Patch, 'type' | 'body'>) =>
  (scale: KubeObject): unknown =>
    patched(scale, { type, body });
