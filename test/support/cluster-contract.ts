/** The API semantics on which Holdfast relies. It runs against the test cluster and against a real API server. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubeObject, ObjectReader, ObjectRef, ObjectWriter, Resource, WatchEvent } from '../../src/kube/ports.ts';
import { deployments, leases } from '../../src/kube/resources.ts';
import { widgets } from './widgets.ts';

export type ContractSubject = {
  cluster: ObjectReader & ObjectWriter;
  /** Empty at the start; no other test uses it. */
  namespace: string;
  /** Another client reads the object, changes it and writes it back. */
  edit: (resource: Resource, ref: ObjectRef, change: (object: KubeObject) => KubeObject) => Promise<void>;
  close: () => Promise<void>;
};

export function describeClusterContract(makeSubject: () => Promise<ContractSubject>): void {
  let subject: ContractSubject;
  let made = 0;

  beforeAll(async () => {
    subject = await makeSubject();
  }, 30_000);
  afterAll(async () => {
    await subject.close();
  });

  /** A name that no other test uses. */
  function newRef(): { namespace: string; name: string } {
    made += 1;
    return { namespace: subject.namespace, name: `object-${made}` };
  }

  const widget = (
    ref: { namespace: string; name: string },
    spec: object,
    labels: Record<string, string> = {},
  ): KubeObject => ({
    apiVersion: 'test.holdfast.dev/v1',
    kind: 'Widget',
    metadata: { ...ref, labels },
    spec,
  });

  describe('creation', () => {
    test('sets UID, version, generation and time', async () => {
      const made = await subject.cluster.create(widgets, widget(newRef(), { size: 1 }));
      expect(made.metadata).toMatchObject({
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        resourceVersion: expect.stringMatching(/^\d+$/),
        generation: 1,
      });
      expect(made.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(await subject.cluster.get(widgets, made.metadata)).toEqual(made);
    });

    test('of an existing object is a conflict', async () => {
      const object = widget(newRef(), {});
      await subject.cluster.create(widgets, object);
      await expect(subject.cluster.create(widgets, object)).rejects.toMatchObject({ code: 'KUBERNETES_CONFLICT' });
    });

    test('drops the status, which is a subresource', async () => {
      const made = await subject.cluster.create(widgets, { ...widget(newRef(), {}), status: { ready: true } });
      expect(made).not.toHaveProperty('status');
    });
  });

  test('reading a missing object returns undefined', async () => {
    expect(await subject.cluster.get(widgets, newRef())).toBeUndefined();
  });

  describe('update', () => {
    test('with the current version replaces the object', async () => {
      const made = await subject.cluster.create(widgets, widget(newRef(), { size: 1, old: true }));
      const updated = await subject.cluster.update(widgets, { ...made, spec: { size: 2 } });
      expect(updated['spec']).toEqual({ size: 2 });
      expect(updated.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
    });

    test.each([
      ['an older version', (object: KubeObject) => object],
      ['no version', (object: KubeObject) => withoutMeta(object, 'resourceVersion')],
    ])('with %s is a conflict and changes nothing', async (_case, strip) => {
      const made = await subject.cluster.create(widgets, widget(newRef(), { size: 1 }));
      await subject.cluster.update(widgets, { ...made, spec: { size: 2 } });
      await expect(subject.cluster.update(widgets, strip({ ...made, spec: { size: 3 } }))).rejects.toMatchObject({
        code: 'KUBERNETES_CONFLICT',
      });
      expect(await subject.cluster.get(widgets, made.metadata)).toMatchObject({ spec: { size: 2 } });
    });

    test('of a missing object is not found', async () => {
      const made = await subject.cluster.create(widgets, widget(newRef(), {}));
      await subject.cluster.delete(widgets, made.metadata);
      await expect(subject.cluster.update(widgets, made)).rejects.toMatchObject({ code: 'KUBERNETES_NOT_FOUND' });
    });

    test('increments the generation only for a change of the spec', async () => {
      const made = await subject.cluster.create(widgets, widget(newRef(), { size: 1 }));
      const labelled = await subject.cluster.update(widgets, {
        ...made,
        metadata: { ...made.metadata, labels: { a: 'b' } },
      });
      expect(labelled.metadata.generation).toBe(1);
      const resized = await subject.cluster.update(widgets, { ...labelled, spec: { size: 2 } });
      expect(resized.metadata.generation).toBe(2);
    });

    test('of a Lease keeps times of six digits', async () => {
      const spec = { holderIdentity: '', leaseDurationSeconds: 1, renewTime: '2026-01-02T03:04:05.678000Z' };
      const made = await subject.cluster.create(leases, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: newRef(),
        spec,
      });
      const updated = await subject.cluster.update(leases, { ...made, spec: { ...spec, holderIdentity: 'me' } });
      expect(updated).toMatchObject({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        spec: { ...spec, holderIdentity: 'me' },
      });
    });
  });

  describe('apply', () => {
    test('creates a missing object', async () => {
      const ref = newRef();
      await subject.cluster.apply(widgets, widget(ref, { size: 1 }));
      expect(await subject.cluster.get(widgets, ref)).toMatchObject({ spec: { size: 1 } });
    });

    test.each([
      ['the same object', { a: 'b' }],
      ['the same object with empty labels', {}],
    ])('of %s again makes no new version', async (_case, labels) => {
      const object = widget(newRef(), { size: 1 }, labels);
      const first = await subject.cluster.apply(widgets, object);
      const second = await subject.cluster.apply(widgets, object);
      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    });

    test('restores a field that another client has changed', async () => {
      const ref = newRef();
      await subject.cluster.apply(widgets, widget(ref, { size: 1 }));
      await subject.edit(widgets, ref, (object) => ({ ...object, spec: { size: 9 } }));
      const applied = await subject.cluster.apply(widgets, widget(ref, { size: 1 }));
      expect(applied['spec']).toEqual({ size: 1 });
    });

    test('removes fields that it no longer applies, and keeps those of other clients', async () => {
      const ref = newRef();
      await subject.cluster.apply(widgets, widget(ref, { size: 1, colour: 'red' }, { ours: 'a', dropped: 'b' }));
      await subject.edit(widgets, ref, (object) => ({
        ...object,
        metadata: { ...object.metadata, labels: { ...object.metadata.labels, theirs: 'c' } },
        spec: { size: 1, colour: 'red', theirs: true },
      }));
      const applied = await subject.cluster.apply(widgets, widget(ref, { size: 2 }, { ours: 'a' }));
      expect(applied.metadata.labels).toEqual({ ours: 'a', theirs: 'c' });
      expect(applied['spec']).toEqual({ size: 2, theirs: true });
    });

    test('merges containers by name', async () => {
      const ref = newRef();
      const labels = { app: ref.name };
      const deployment = (...containers: object[]): KubeObject => ({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: ref,
        spec: {
          replicas: 0,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers } },
        },
      });
      await subject.cluster.apply(deployments, deployment({ name: 'one', image: 'a' }, { name: 'two', image: 'b' }));
      await subject.edit(deployments, ref, (object) => {
        const edited = JSON.parse(JSON.stringify(object)) as KubeObject & {
          spec: { template: { spec: { containers: object[] } } };
        };
        edited.spec.template.spec.containers.push({ name: 'three', image: 'c' });
        return edited;
      });
      const applied = await subject.cluster.apply(deployments, deployment({ name: 'one', image: 'd' }));
      expect(applied).toMatchObject({
        spec: {
          template: {
            spec: {
              containers: [
                { name: 'one', image: 'd' },
                { name: 'three', image: 'c' },
              ],
            },
          },
        },
      });
    });

    test('without force changes its own fields, and fails with a conflict for those of other clients', async () => {
      const ref = newRef();
      const costs = (values: Record<string, string>): KubeObject => ({
        apiVersion: 'test.holdfast.dev/v1',
        kind: 'Widget',
        metadata: { ...ref, annotations: values },
      });
      await subject.cluster.create(widgets, widget(ref, { size: 1 }));
      await subject.cluster.applyUnforced(widgets, costs({ cost: '1' }));
      await subject.cluster.applyUnforced(widgets, costs({ cost: '2' }));
      expect((await subject.cluster.get(widgets, ref))?.metadata.annotations).toEqual({ cost: '2' });
      await subject.edit(widgets, ref, (object) => ({
        ...object,
        metadata: { ...object.metadata, annotations: { cost: '7' } },
      }));
      await expect(subject.cluster.applyUnforced(widgets, costs({ cost: '3' }))).rejects.toMatchObject({
        code: 'KUBERNETES_CONFLICT',
      });
      const applied = await subject.cluster.applyUnforced(widgets, costs({ cost: '7' }));
      expect(applied).toMatchObject({ metadata: { annotations: { cost: '7' } }, spec: { size: 1 } });
    });

    test('without force, with the UID of a deleted object, is a conflict and creates nothing', async () => {
      const ref = newRef();
      const made = await subject.cluster.create(widgets, widget(ref, {}));
      await subject.cluster.delete(widgets, ref);
      const late: KubeObject = {
        apiVersion: 'test.holdfast.dev/v1',
        kind: 'Widget',
        metadata: { ...ref, uid: made.metadata.uid ?? '', annotations: { cost: '1' } },
      };
      await expect(subject.cluster.applyUnforced(widgets, late)).rejects.toMatchObject({ code: 'KUBERNETES_CONFLICT' });
      expect(await subject.cluster.get(widgets, ref)).toBeUndefined();
    });

    test.each(['apply', 'applyUnforced'] as const)(
      'with the UID of an object that was recreated is a conflict and changes nothing (%s)',
      async (verb) => {
        const ref = newRef();
        const made = await subject.cluster.create(widgets, widget(ref, {}));
        await subject.cluster.delete(widgets, ref);
        const recreated = await subject.cluster.create(widgets, widget(ref, {}));
        const late: KubeObject = {
          apiVersion: 'test.holdfast.dev/v1',
          kind: 'Widget',
          metadata: { ...ref, uid: made.metadata.uid ?? '', annotations: { cost: '1' } },
        };
        await expect(subject.cluster[verb](widgets, late)).rejects.toMatchObject({ code: 'KUBERNETES_CONFLICT' });
        expect(await subject.cluster.get(widgets, ref)).toEqual(recreated);
      },
    );

    test('of the status changes only the status, and any other apply never changes it', async () => {
      const ref = newRef();
      await subject.cluster.apply(widgets, widget(ref, { size: 1 }));
      const status = { conditions: [{ type: 'Ready', status: 'True' }] };
      const reported = await subject.cluster.apply(widgets, { ...widget(ref, { size: 7 }), status }, 'status');
      expect(reported).toMatchObject({ spec: { size: 1 }, status, metadata: { generation: 1 } });
      const applied = await subject.cluster.apply(widgets, { ...widget(ref, { size: 2 }), status: {} });
      expect(applied).toMatchObject({ spec: { size: 2 }, status, metadata: { generation: 2 } });
    });

    test('of the status of a missing object is not found', async () => {
      await expect(
        subject.cluster.apply(widgets, { ...widget(newRef(), {}), status: {} }, 'status'),
      ).rejects.toMatchObject({ code: 'KUBERNETES_NOT_FOUND' });
    });
  });

  describe('deletion', () => {
    test('removes an object, and succeeds if it is already gone', async () => {
      const { metadata } = await subject.cluster.create(widgets, widget(newRef(), {}));
      await subject.cluster.delete(widgets, metadata, metadata.uid);
      expect(await subject.cluster.get(widgets, metadata)).toBeUndefined();
      await subject.cluster.delete(widgets, metadata, metadata.uid);
      await subject.cluster.delete(widgets, metadata);
    });

    test('by UID keeps a recreated object of the same name', async () => {
      const ref = newRef();
      const first = await subject.cluster.create(widgets, widget(ref, {}));
      await subject.cluster.delete(widgets, ref);
      const second = await subject.cluster.create(widgets, widget(ref, {}));
      await subject.cluster.delete(widgets, ref, first.metadata.uid);
      expect(await subject.cluster.get(widgets, ref)).toEqual(second);
    });

    test('waits for finalizers', async () => {
      const object = widget(newRef(), {});
      const made = await subject.cluster.create(widgets, {
        ...object,
        metadata: { ...object.metadata, finalizers: ['test.holdfast.dev/hold'] },
      });
      await subject.cluster.delete(widgets, made.metadata);
      const held = await subject.cluster.get(widgets, made.metadata);
      expect(held?.metadata.deletionTimestamp).toMatch(/^\d{4}-/);
      await subject.edit(widgets, made.metadata, (object) => withoutMeta(object, 'finalizers'));
      expect(await subject.cluster.get(widgets, made.metadata)).toBeUndefined();
    });
  });

  describe('list', () => {
    test('filters by label and field, and every item has its kind', async () => {
      const [red, blue] = [newRef(), newRef()];
      await subject.cluster.create(deployments, plainDeployment(red, { list: 'yes', colour: 'red' }));
      await subject.cluster.create(deployments, plainDeployment(blue, { list: 'yes', colour: 'blue' }));
      const inNamespace = { fieldSelector: `metadata.namespace=${subject.namespace}` };
      const names = async (labelSelector: string) =>
        (await subject.cluster.list(deployments, { ...inNamespace, labelSelector })).items
          .map((item) => item.metadata.name)
          .toSorted();
      expect(await names('list=yes')).toEqual([red.name, blue.name].toSorted());
      expect(await names('list=yes,colour!=red')).toEqual([blue.name]);
      expect(await names('list,!nothing')).toHaveLength(2);
      const one = await subject.cluster.list(deployments, {
        fieldSelector: `metadata.namespace=${subject.namespace},metadata.name=${red.name}`,
      });
      expect(one.items).toMatchObject([{ apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 0 } }]);
    });

    test('of one namespace contains no object of another', async () => {
      const ref = newRef();
      await subject.cluster.create(deployments, plainDeployment(ref, { where: 'here' }));
      const listed = async (namespace: string) =>
        (await subject.cluster.list(deployments, { namespace, labelSelector: 'where=here' })).items.length;
      expect(await listed(subject.namespace)).toBe(1);
      expect(await listed('default')).toBe(0);
    });

    test('of metadata only contains nothing else', async () => {
      const ref = newRef();
      await subject.cluster.create(deployments, plainDeployment(ref, { only: 'metadata' }));
      const { items } = await subject.cluster.list(deployments, { labelSelector: 'only=metadata', metadataOnly: true });
      expect(items).toMatchObject([{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: ref.name } }]);
      expect(items.map((item) => Object.keys(item).toSorted())).toEqual([['apiVersion', 'kind', 'metadata']]);
    });
  });

  describe('watch', () => {
    /** Resolves with the first `count` events that are not bookmarks. */
    async function take(count: number, stream: AsyncIterable<WatchEvent>): Promise<string[]> {
      const seen: string[] = [];
      for await (const event of stream) {
        if (event.type === 'BOOKMARK') continue;
        seen.push(
          `${event.type} ${event.object.kind} ${event.object.metadata.name} ${JSON.stringify(event.object['spec'])}`,
        );
        if (seen.length === count) break;
      }
      return seen;
    }

    test('sends the changes after the version of a list, in order', async () => {
      const ref = newRef();
      const { resourceVersion } = await subject.cluster.list(widgets);
      const made = await subject.cluster.create(widgets, widget(ref, { size: 1 }));
      await subject.cluster.update(widgets, { ...made, spec: { size: 2 } });
      const watching = take(
        3,
        subject.cluster.watch(widgets, resourceVersion, { signal: AbortSignal.timeout(10_000) }),
      );
      await subject.cluster.delete(widgets, ref);
      expect(await watching).toEqual([
        `ADDED Widget ${ref.name} {"size":1}`,
        `MODIFIED Widget ${ref.name} {"size":2}`,
        `DELETED Widget ${ref.name} {"size":2}`,
      ]);
    });

    test('with a selector sends ADDED for an object that begins to match and DELETED for one that no longer matches', async () => {
      const ref = newRef();
      const { resourceVersion } = await subject.cluster.list(widgets);
      const plain = await subject.cluster.create(widgets, widget(ref, {}));
      const labelled = await subject.cluster.update(widgets, {
        ...plain,
        metadata: { ...plain.metadata, labels: { watched: 'yes' } },
      });
      await subject.cluster.update(widgets, {
        ...labelled,
        metadata: { ...labelled.metadata, labels: { watched: 'no' } },
      });
      const stream = subject.cluster.watch(widgets, resourceVersion, {
        labelSelector: 'watched=yes',
        signal: AbortSignal.timeout(10_000),
      });
      expect(await take(2, stream)).toEqual([`ADDED Widget ${ref.name} {}`, `DELETED Widget ${ref.name} {}`]);
    });

    test('of metadata only contains nothing else', async () => {
      const ref = newRef();
      const { resourceVersion } = await subject.cluster.list(widgets);
      await subject.cluster.create(widgets, widget(ref, { size: 1 }));
      const stream = subject.cluster.watch(widgets, resourceVersion, {
        metadataOnly: true,
        signal: AbortSignal.timeout(10_000),
      });
      expect(await take(1, stream)).toEqual([`ADDED Widget ${ref.name} undefined`]);
    });

    test('ends without an error when it is aborted', async () => {
      const { resourceVersion } = await subject.cluster.list(widgets);
      const stopping = new AbortController();
      const watching = take(1, subject.cluster.watch(widgets, resourceVersion, { signal: stopping.signal }));
      stopping.abort();
      expect(await watching).toEqual([]);
    });

    test('from an old version is expired', async () => {
      const watching = take(1, subject.cluster.watch(widgets, '1', { signal: AbortSignal.timeout(10_000) }));
      await expect(watching).rejects.toMatchObject({ code: 'KUBERNETES_EXPIRED' });
    });
  });
}

function withoutMeta(object: KubeObject, field: 'resourceVersion' | 'finalizers'): KubeObject {
  const metadata = { ...object.metadata };
  delete metadata[field];
  return { ...object, metadata };
}

const plainDeployment = (ref: { namespace: string; name: string }, labels: Record<string, string>): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { ...ref, labels },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: ref.name } },
    template: { metadata: { labels: { app: ref.name } }, spec: { containers: [{ name: 'app', image: 'app' }] } },
  },
});
