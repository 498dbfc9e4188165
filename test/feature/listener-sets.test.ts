import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/ports.ts';
import * as resources from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import {
  deployment,
  gateway,
  listenerSetDefinition,
  routeDefinition,
  stickyWorkload,
} from '../support/operator-objects.ts';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';

const { customResourceDefinitions, deployments, gateways, httpRoutes, listenerSets } = resources;

let world: OperatorWorld;
let operator: Operator;
beforeEach(async () => {
  world = createOperatorWorld();
  world.put(customResourceDefinitions, routeDefinition('C'), listenerSetDefinition);
  operator = await world.start();
});
afterEach(() => world.stop());

const web = (allowed?: string): KubeObject => {
  const object = gateway('web', { listeners: [{ name: 'own', hostname: 'own.example' }] });
  const spec = object['spec'] as object;
  return {
    ...object,
    spec: { ...spec, ...(allowed !== undefined && { allowedListeners: { namespaces: { from: allowed } } }) },
  };
};
const set = (name: string, listeners: object[], createdAt = '2026-01-01T00:00:00Z'): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'ListenerSet',
  metadata: { namespace: 'shop', name, uid: `uid-of-set-${name}`, generation: 1, creationTimestamp: createdAt },
  spec: { parentRef: { name: 'web', namespace: 'infra' }, listeners },
});
const http = (name: string, hostname: string) => ({ name, port: 80, protocol: 'HTTP', hostname });

type Status = {
  conditions: { type: string; status: string; reason: string }[];
  listeners: { name: string; attachedRoutes: number; conditions: Status['conditions'] }[];
  attachedListenerSets?: number;
};
const statusOf = (name: string) =>
  world.cluster.find(listenerSets, { namespace: 'shop', name })?.['status'] as Status | undefined;
const gatewayStatus = () => world.cluster.find(gateways, { namespace: 'infra', name: 'web' })?.['status'] as Status;
const words = (conditions: Status['conditions'] = []) =>
  conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
const table = () => operator.translations.table('infra/web')?.table;

/** Sets the proxy's pods ready, as the Deployment controller does. */
async function runProxy(): Promise<void> {
  await world.after(() => {
    const object = world.cluster.find(deployments, { namespace: 'infra', name: 'web-holdfast' });
    if (object) world.put(deployments, { ...object, status: { readyReplicas: 2 } });
  });
}

describe('a ListenerSet', () => {
  test.each([undefined, 'None', 'Same'])(
    'is refused while the Gateway allows %s, which stays accepted',
    async (allowed) => {
      await world.after(() => world.put(gateways, web(allowed)));
      await world.after(() => world.put(listenerSets, set('team', [http('mine', 'team.example')])));
      expect(words(statusOf('team')?.conditions)).toEqual(['Accepted False NotAllowed', 'Programmed False NotAllowed']);
      expect(words(gatewayStatus().conditions)[0]).toBe('Accepted True Accepted');
      expect(gatewayStatus().attachedListenerSets).toBe(0);
      expect(table()?.listeners.map(({ name }) => name)).toEqual(['own']);
    },
  );

  test('that is allowed adds its listeners, and the Gateway counts it', async () => {
    await world.after(() => world.put(gateways, web('All')));
    await world.after(() => world.put(listenerSets, set('team', [http('mine', 'team.example')])));
    await runProxy();
    expect(words(statusOf('team')?.conditions)).toEqual(['Accepted True Accepted', 'Programmed True Programmed']);
    expect(gatewayStatus().attachedListenerSets).toBe(1);
    expect(gatewayStatus().listeners.map(({ name }) => name)).toEqual(['own']);
    expect(table()?.listeners).toMatchObject([{ name: 'own' }, { name: 'shop/team/mine', hostname: 'team.example' }]);

    await world.after(() => world.put(gateways, web('None')));
    expect(table()?.listeners.map(({ name }) => name)).toEqual(['own']);
  });

  test('that conflicts in part is accepted, and one that conflicts as a whole is not', async () => {
    await world.after(() => world.put(gateways, web('All')));
    await world.after(() => {
      world.put(listenerSets, set('older', [http('good', 'a.example'), http('taken', 'own.example')]));
      world.put(listenerSets, set('younger', [http('late', 'a.example')], '2026-02-01T00:00:00Z'));
    });
    await runProxy();
    expect(words(statusOf('older')?.conditions)).toEqual([
      'Accepted True ListenersNotValid',
      'Programmed True Programmed',
    ]);
    expect(words(statusOf('younger')?.conditions)).toEqual([
      'Accepted False ListenersNotValid',
      'Programmed False ListenersNotValid',
    ]);
    expect(words(statusOf('younger')?.listeners[0]?.conditions)).toEqual([
      'Accepted False HostnameConflict',
      'Programmed False HostnameConflict',
      'ResolvedRefs True ResolvedRefs',
      'Conflicted True HostnameConflict',
    ]);
    expect(gatewayStatus().attachedListenerSets).toBe(1);
  });

  test('has the routes that name it, and the Gateway those that name the Gateway', async () => {
    const route = (name: string, parent: object): KubeObject => ({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: {
        namespace: 'shop',
        name,
        uid: `uid-of-route-${name}`,
        generation: 1,
        creationTimestamp: '2026-01-01T00:00:00Z',
      },
      spec: { parentRefs: [parent], rules: [{ backendRefs: [] }] },
    });
    await world.after(() => {
      world.put(gateways, web('All'));
      world.put(listenerSets, set('team', [http('mine', 'team.example')]));
      world.put(httpRoutes, route('of-set', { kind: 'ListenerSet', name: 'team', sectionName: 'mine' }));
      world.put(httpRoutes, route('of-gateway', { name: 'web', namespace: 'infra' }));
      world.put(httpRoutes, route('lost', { name: 'web', namespace: 'infra', sectionName: 'mine' }));
    });
    expect(statusOf('team')?.listeners.map(({ attachedRoutes }) => attachedRoutes)).toEqual([1]);
    expect(gatewayStatus().listeners.map(({ attachedRoutes }) => attachedRoutes)).toEqual([1]);
    expect(table()?.routes.map(({ name, listeners }) => [name, listeners])).toEqual([
      ['shop/of-gateway#0.0', ['own']],
      ['shop/of-set#0.0', ['shop/team/mine']],
    ]);
    const lost = world.cluster.find(httpRoutes, { namespace: 'shop', name: 'lost' })?.['status'] as
      | { parents: Status[] }
      | undefined;
    expect(words(lost?.parents[0]?.conditions)[0]).toBe('Accepted False NoMatchingParent');
  });

  test('of a Gateway that Holdfast generates is refused', async () => {
    await world.after(() => {
      world.put(deployments, deployment('cart'));
      world.put(resources.stickyWorkloads, stickyWorkload({ name: 'cart' }));
      const parentRef = { name: 'holdfast' };
      const mine = set('team', [http('mine', 'team.example')]);
      world.put(listenerSets, { ...mine, spec: { ...(mine['spec'] as object), parentRef } });
    });
    expect(words(statusOf('team')?.conditions)).toEqual(['Accepted False NotAllowed', 'Programmed False NotAllowed']);
  });

  test('of a Gateway of another controller is left alone', async () => {
    await world.after(() => world.put(gateways, gateway('web', { className: 'theirs' })));
    const changes = await world.after(() => world.put(listenerSets, set('team', [http('mine', 'team.example')])));
    expect(changes.writes).toEqual([]);
  });
});
