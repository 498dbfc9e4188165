/** An earlier translation saves work and does not change the result. */
import { expect, test } from '@jest/globals';
import type { Pod, Slice, Snapshot } from '../../../../src/core/snapshot/snapshot.ts';
import { leftKey } from '../../../../src/core/translate/left-backends.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import type { Translation } from '../../../../src/core/translate/translation.ts';
import { fc } from '../../../support/fast-check.ts';
import { keyRing, snapshotOf, wholePod } from '../../../support/world.ts';

const port = { name: 'http', port: 80, targetPort: 8080 };
const rule = (name: string) => ({ backendRefs: [{ name, port: 80 }] });

/** `cart` has its own Service, `db` keeps sessions by pod name, `till` is reached through a user's Service, `web` is a plain Service, and `x` an XBackend. */
const world = (): Snapshot => ({
  ...snapshotOf({
    gateways: [{ name: 'web' }],
    workloads: [
      { name: 'cart' },
      { name: 'db', spec: { targetRef: { kind: 'StatefulSet', name: 'db' } } },
      { name: 'till', spec: { route: { kind: 'None' } } },
    ],
    targets: [
      { name: 'cart' },
      { name: 'db', kind: 'StatefulSet', ordinals: { start: 0, replicas: 2 } },
      { name: 'till' },
    ],
    services: [
      { name: 'cart' },
      { name: 'db' },
      { name: 'front', ownerUids: [], ports: [port], selector: { app: 'till' } },
      { name: 'web', ownerUids: [], ports: [port] },
    ],
    httpRoutes: [
      { name: 'r', spec: { parentRefs: [{ name: 'web' }], rules: [rule('front'), rule('web'), toXBackend] } },
    ],
    pods: [{ name: 'cart-0', ip: '10.0.0.1', node: 'n' }],
    slices: [
      { name: 'a', endpoints: [{ pod: 'cart-0' }, { pod: 'web-0' }] },
      { name: 'b', service: 'web', endpoints: [{ pod: 'web-0' }] },
      { name: 'c', service: 'web', endpoints: [{ pod: 'web-1', terminating: true }] },
    ],
  }),
  nodes: { n: { labels: {}, taints: [], addresses: [] } },
  // What leaves a Gateway would stay in its table, if an earlier translation had it.
  endedSessions: new Set([leftKey('shop/web', 'shop/till')]),
  xBackends: [xBackend('green')],
});

const xBackend = (colour: string) => ({
  namespace: 'shop',
  name: 'x',
  uid: 'uid-x',
  generation: 1,
  spec: {
    type: 'EndpointSelector',
    endpointSelector: { matchLabels: { colour } },
    port: { number: 8080 },
    protocol: 'HTTP',
  },
});

const toXBackend = { backendRefs: [{ group: 'gateway.networking.x-k8s.io', kind: 'XBackend', name: 'x' }] };

type Change = (snapshot: Snapshot) => Snapshot;

const byName = <T extends { namespace: string; name: string }>(items: T[]): T[] =>
  items.toSorted((one, other) => (`${one.namespace}/${one.name}` < `${other.namespace}/${other.name}` ? -1 : 1));
const put = <T extends { namespace: string; name: string }>(items: T[], item: T): T[] =>
  byName([...items.filter(({ name }) => name !== item.name), item]);

const podNames = ['cart-0', 'cart-1', 'db-0', 'db-1', 'till-0', 'web-0'];
const podName = fc.constantFrom(...podNames);
const isIt = fc.boolean();

const uidPrefix = fc.constantFrom('first', 'second', 'evil');

/** A pod of a name may have another UID than before, another namespace and controller, and be in any state. */
const putPod: fc.Arbitrary<Change> = fc
  .record(
    {
      name: podName,
      uid: uidPrefix,
      of: fc.constantFrom('Deployment/cart', 'StatefulSet/db', 'Deployment/till', 'none'),
      phase: fc.constantFrom('Running' as const, 'Succeeded' as const),
      ready: isIt,
      labels: fc.constantFrom({ colour: 'green' }, { colour: 'blue' }),
      ip: fc.constantFrom('10.0.0.1', '10.0.0.2'),
      node: fc.constantFrom('n', 'other'),
      deletion: fc.constantFrom({ killAtMs: 1, graceSeconds: 1 }),
      exits: fc.constantFrom({ app: 1 }, { app: 2 }),
    },
    { requiredKeys: ['name', 'uid', 'phase', 'ready'] },
  )
  .map(({ name, uid, ...rest }) =>
    wholePod({ name, namespace: uid === 'evil' ? 'evil' : 'shop', uid: `${uid}-${name}`, ...rest }),
  )
  .map((pod: Pod) => (s) => ({ ...s, pods: put(s.pods, pod) }));

/** `isRecorded`: this replica has seen the deletion. */
const removePod: fc.Arbitrary<Change> = fc.tuple(podName, isIt).map(([name, isRecorded]) => (s) => {
  const gone = s.pods.find((pod) => pod.name === name);
  const key = `shop/${gone?.controller?.name}`;
  const record = { pod: name, uid: gone?.uid ?? '', atMs: s.pods.length };
  return {
    ...s,
    pods: s.pods.filter((pod) => pod !== gone),
    ...(isRecorded && gone && { removedPods: { ...s.removedPods, [key]: [record, ...(s.removedPods[key] ?? [])] } }),
  };
});

const sliceName = fc.constantFrom('a', 'b', 'c');
const endpoint = fc
  .record({
    pod: fc.option(podName),
    uid: uidPrefix,
    ready: isIt,
    serving: isIt,
    terminating: isIt,
  })
  .map(({ pod, uid, ...state }) => ({
    ...(pod !== null && { podUid: `${uid}-${pod}`, podName: pod }),
    address: `10.0.1.${podNames.indexOf(pod ?? '') + 2}`,
    ...state,
  }));
const putSlice: fc.Arbitrary<Change> = fc
  .record({
    name: sliceName,
    namespace: fc.constant('shop'),
    service: fc.constantFrom('cart', 'db', 'front', 'web', 'unused'),
    family: fc.constantFrom('IPv4' as const, 'IPv6' as const),
    ports: fc.constantFrom<Slice['ports'][]>([], [{ name: 'http', port: 8080 }], [{ name: 'http', port: 9000 }]),
    endpoints: fc.array(endpoint, { maxLength: 4 }),
  })
  .map((slice: Slice) => (s) => ({ ...s, slices: put(s.slices, slice) }));
const removeSlice: fc.Arbitrary<Change> = sliceName.map((gone) => (s) => ({
  ...s,
  slices: s.slices.filter(({ name }) => name !== gone),
}));

/** What backends are built from other than pods and slices. */
const settings: Change[] = [
  (s) => ({ ...s, services: s.services.map((one) => (one.name === 'cart' ? { ...one, ownerUids: [] } : one)) }),
  (s) => ({ ...s, services: s.services.filter(({ name }) => name !== 'web') }),
  (s) => ({ ...s, nodes: { n: { labels: {}, taints: [], addresses: [], lost: true } } }),
  (s) => ({
    ...s,
    keyRings: { ...s.keyRings, 'shop/cart': { current: 2, keys: [...keyRing.keys, { id: 2, secret: '' }] } },
  }),
  (s) => ({ ...s, httpRoutes: [] }),
  (s) => ({ ...s, xBackends: [xBackend('blue')] }),
  (s) => ({
    ...s,
    targets: s.targets.map((one) => ({
      ...one,
      containerPorts: [{ port: 9000 }],
      ordinals: { start: 0, replicas: 1 },
    })),
  }),
  (s) => changeSpecs(s, { loadBalancing: { policy: 'Random', maxSessionsPerEndpoint: 3 } }),
  (s) => changeSpecs(s, { service: { targetPort: 9000, port: 80, appProtocol: 'grpc' } }),
];

const changeSpecs = (s: Snapshot, spec: Partial<Snapshot['workloads'][number]['spec']>): Snapshot => ({
  ...s,
  workloads: s.workloads.map((one) => ({ ...one, spec: { ...one.spec, ...spec } })),
});

const forgetRemoved = fc.constant<Change>((s) => ({ ...s, removedPods: {} }));

const endpointChange = fc.oneof(putPod, removePod, putSlice, removeSlice, forgetRemoved);
const anyChange = fc.oneof(
  { weight: 8, arbitrary: endpointChange },
  { weight: 1, arbitrary: fc.constantFrom(...settings) },
);

/** Whatever depends on pods and slices. */
const seen = ({ tables, backends, index }: Translation) => ({
  tables,
  backends,
  uids: ['first', 'second', 'evil'].flatMap((uid) => podNames.map((name) => index.podsByUid.get(`${uid}-${name}`))),
  pods: ['Deployment/cart', 'StatefulSet/db', 'Deployment/till'].map((target) =>
    index.podsByTarget.get(`shop/${target}`),
  ),
  slices: ['cart', 'db', 'front', 'web', 'unused', 'XBackend.x'].map((service) =>
    index.slicesByService.get(`shop/${service}`),
  ),
});

test('after any changes, one after the other or at once, the result equals that of a translation from scratch', () => {
  fc.assert(
    fc.property(fc.array(fc.array(anyChange, { minLength: 1, maxLength: 3 }), { maxLength: 12 }), (steps) => {
      let last = translate(world());
      for (const changes of steps) {
        const snapshot = changes.reduce((before, change) => change(before), last.snapshot);
        last = translate(snapshot, last);
        expect(seen(last)).toEqual(seen(translate(snapshot)));
      }
    }),
  );
});

test('a change of pods and slices leaves all verdicts the same objects', () => {
  fc.assert(
    fc.property(endpointChange, (change) => {
      const before = translate(world());
      const after = translate(change(before.snapshot), before);
      for (const name of ['accepts', 'gateways', 'routes', 'httpRoutes', 'policies', 'workloads'] as const) {
        expect(after[name]).toBe(before[name]);
      }
    }),
  );
});

test('only the backend of a changed pod is another object, and so are only the tables that have it', () => {
  const before = translate(world());
  const [pod] = before.snapshot.pods;
  const gone = pod && { ...pod, deletion: { killAtMs: 1, graceSeconds: 1 } };
  const after = translate({ ...before.snapshot, pods: gone ? [gone] : [] }, before);
  expect(after.backends['shop/cart']).not.toBe(before.backends['shop/cart']);
  expect(after.backends['shop/db']).toBe(before.backends['shop/db']);
  expect(after.tables['shop/holdfast']).not.toBe(before.tables['shop/holdfast']);
  expect(after.tables['shop/web']).toBe(before.tables['shop/web']);
});

test('a pod that no backend has changes no backend and no table', () => {
  const before = translate(world());
  const pods = [...before.snapshot.pods, wholePod({ name: 'stranger', of: 'none' })];
  const after = translate({ ...before.snapshot, pods }, before);
  expect(after.tables).toBe(before.tables);
  expect(after.backends).toBe(before.backends);
});

test('a changed route leaves the verdicts on other routes the same objects, and what they come to in tables', () => {
  const before = translate(world());
  const [route] = before.snapshot.httpRoutes;
  if (route === undefined) throw new Error('no route');
  const httpRoutes = [{ ...route, spec: { ...route.spec, hostnames: ['other.example'] } }];
  const after = translate({ ...before.snapshot, httpRoutes }, before);
  expect(after.httpRoutes.get('shop/r')).not.toBe(before.httpRoutes.get('shop/r'));
  expect(after.tables['shop/web']?.routes[0]?.hostnames).toEqual(['other.example']);
  const ofWorkload = (one: Translation) => [one.routes['shop/cart']?.judged, one.tables['shop/holdfast']?.routes[0]];
  const [verdict, inTable] = ofWorkload(before);
  expect(verdict).toBeDefined();
  expect(inTable).toBeDefined();
  expect(ofWorkload(after)[0]).toBe(verdict);
  expect(ofWorkload(after)[1]).toBe(inTable);
});

test('the verdict on a GRPCRoute stays the same object when another route changes', () => {
  const { grpcRoutes } = snapshotOf({ grpcRoutes: [{ name: 'g', spec: { parentRefs: [{ name: 'web' }] } }] });
  const before = translate({ ...world(), grpcRoutes });
  const after = translate({ ...before.snapshot, httpRoutes: [] }, before);
  expect(before.grpcRoutes.get('shop/g')).toBeDefined();
  expect(after.grpcRoutes.get('shop/g')).toBe(before.grpcRoutes.get('shop/g'));
});
