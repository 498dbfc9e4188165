import { describe, expect, test } from '@jest/globals';
import { explainReplicas } from '../../../../src/core/render/proxy-replicas.ts';
import { renderGateway } from '../../../../src/core/render/gateway.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { snapshotOf, type ShortWorld } from '../../../support/world.ts';

const proxy = {
  image: 'holdfast:1',
  imagePullPolicy: 'IfNotPresent',
  caPem: 'ca',
  discoveryHost: 'd',
  serverName: 's',
} as const;

type Spec = NonNullable<NonNullable<ShortWorld['holdfastProxies']>[number]['spec']>;
type Seen = { replicas: number; scaledBy?: string };

/** The replicas of the Deployment that is applied, and whether a HorizontalPodAutoscaler is. `seen`: the existing Deployment. */
function render(spec: Spec, seen?: Seen, foreign = false) {
  const snapshot = snapshotOf({
    workloads: [{ name: 'cart' }],
    targets: [{ name: 'cart' }],
    holdfastProxies: [{ name: 'default', namespace: 'holdfast-system', spec }],
    proxies: seen ? [{ name: 'holdfast-holdfast', ...seen }] : [],
    autoscalers: foreign ? [{ name: 'theirs' }] : [],
  });
  const { gateways, index } = translate(snapshot);
  const [gateway] = Object.values(gateways);
  if (gateway?.parameters.kind !== 'resolved') throw new Error('no Gateway');
  const objects = renderGateway(gateway, { gatewayApi: snapshot.gatewayApi, proxy, seen: index });
  const deployment = objects.find(({ kind }) => kind === 'Deployment') as { spec?: { replicas?: number } } | undefined;
  return {
    replicas: deployment?.spec?.replicas,
    autoscaler: objects.some(({ kind }) => kind === 'HorizontalPodAutoscaler'),
    note: explainReplicas(gateway.parameters.spec, gateway.gateway, index),
  };
}

describe('the replicas of the proxies', () => {
  test('are two at first', () => {
    expect(render({})).toMatchObject({ replicas: 2, autoscaler: false });
  });

  test('are left to the one who scaled the Deployment, if the HoldfastProxy asks for no number', () => {
    expect(render({}, { replicas: 5, scaledBy: 'kubectl' }).replicas).toBeUndefined();
    expect(render({ replicas: 3 }, { replicas: 5, scaledBy: 'kubectl' }).replicas).toBe(3);
  });

  test('are never those of the HoldfastProxy while a HorizontalPodAutoscaler of another owner scales them', () => {
    const scaled = render({ replicas: 3 }, { replicas: 7, scaledBy: 'kube-controller-manager' }, true);
    expect(scaled.replicas).toBeUndefined();
    expect(scaled.note).toBe(
      'HorizontalPodAutoscaler theirs scales Deployment holdfast-holdfast: the 3 replicas of the HoldfastProxy are not applied. Delete the HorizontalPodAutoscaler, or remove spec.replicas.',
    );
    // Before its first change the field is still ours: to leave it out would reset it to 1.
    expect(render({ replicas: 3 }, { replicas: 4 }, true).replicas).toBe(4);
  });

  test('start at minReplicas with autoscaling, and are then those of the HorizontalPodAutoscaler', () => {
    const spec = { autoscaling: { minReplicas: 3, maxReplicas: 9 } };
    expect(render(spec)).toMatchObject({ replicas: 3, autoscaler: true });
    expect(render(spec, { replicas: 3 })).toMatchObject({ replicas: 3, autoscaler: true });
    expect(render(spec, { replicas: 8, scaledBy: 'kube-controller-manager' }).replicas).toBeUndefined();
  });

  test('are not autoscaled by two HorizontalPodAutoscalers, and the condition says which one to delete', () => {
    const scaled = render({ autoscaling: { minReplicas: 3, maxReplicas: 9 } }, { replicas: 3 }, true);
    expect(scaled.autoscaler).toBe(false);
    expect(scaled.note).toContain(
      'spec.autoscaling of the HoldfastProxy is not applied. Delete the HorizontalPodAutoscaler',
    );
  });
});
