import { describe, expect, test } from '@jest/globals';
import { renderWebhooks } from '../../../../src/core/inject/webhooks.ts';
import type { WebhookTarget } from '../../../../src/core/inject/webhooks.ts';

const client = { caBundle: 'Y2E=' };
const deployment = (namespace: string, name: string): WebhookTarget => ({ namespace, kind: 'Deployment', name });
const namesOf = (targets: WebhookTarget[]) => renderWebhooks(targets, client).map(({ name }) => name);

describe('webhook entries', () => {
  test('match only labelled pods without a StickyWorkload', () => {
    const webhooks = renderWebhooks([], client);
    expect(webhooks).toHaveLength(1);
    expect(webhooks[0]).toMatchObject({
      name: 'labelled.holdfast.dev',
      objectSelector: { matchLabels: { 'holdfast.dev/inject': 'true' } },
      matchConditions: [],
    });
  });

  test('are one for a namespace, for unlabelled pods of its own workloads', () => {
    const targets: WebhookTarget[] = [
      deployment('shop', 'cart'),
      { namespace: 'shop', kind: 'StatefulSet', name: 'desk' },
    ];
    expect(renderWebhooks(targets, client)[0]).toEqual({
      name: 'shop.inject.holdfast.dev',
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
      objectSelector: { matchExpressions: [{ key: 'holdfast.dev/inject', operator: 'NotIn', values: ['true'] }] },
      matchConditions: [
        {
          name: 'sticky-workload',
          expression:
            `has(object.metadata.ownerReferences) && object.metadata.ownerReferences.exists(owner, has(owner.controller) && owner.controller && owner.apiVersion == 'apps/v1' && ` +
            `((owner.kind == 'ReplicaSet' && has(object.metadata.labels) && 'pod-template-hash' in object.metadata.labels && ` +
            `['cart'].exists(name, owner.name == name + '-' + object.metadata.labels['pod-template-hash'])) || ` +
            `(owner.kind == 'StatefulSet' && owner.name in ['desk'])))`,
        },
      ],
      clientConfig: {
        caBundle: 'Y2E=',
        service: { namespace: 'holdfast-system', name: 'holdfast-operator', path: '/inject', port: 443 },
      },
      rules: [
        { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' },
      ],
      failurePolicy: 'Ignore',
      matchPolicy: 'Equivalent',
      sideEffects: 'None',
      timeoutSeconds: 5,
      reinvocationPolicy: 'IfNeeded',
      admissionReviewVersions: ['v1'],
    });
  });

  test('do not conflict if a namespace has the name of the constant entry', () => {
    const names = namesOf([deployment('labelled', 'cart'), deployment('inject', 'cart')]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('do not depend on the order of the targets', () => {
    const targets = [deployment('b', 'two'), deployment('a', 'one'), deployment('b', 'one')];
    expect(renderWebhooks(targets, client)).toEqual(renderWebhooks(targets.toReversed(), client));
  });

  test('are several for more than a hundred workloads of a namespace, each listed once', () => {
    const names = Array.from({ length: 250 }, (_, index) => `w${index}`);
    const webhooks = renderWebhooks(
      names.map((name) => deployment('big', name)),
      client,
    );
    expect(webhooks.map(({ name }) => name)).toEqual([
      'big.inject.holdfast.dev',
      'big.inject-2.holdfast.dev',
      'big.inject-3.holdfast.dev',
      'labelled.holdfast.dev',
    ]);
    const expressions = webhooks.flatMap(({ matchConditions }) => matchConditions.map(({ expression }) => expression));
    const mentions = (name: string) => expressions.filter((expression) => expression.includes(`'${name}'`)).length;
    expect(names.map(mentions)).toEqual(names.map(() => 1));
  });

  test('stay below the size limit of etcd with 500 namespaces of 40 workloads', () => {
    const targets = Array.from({ length: 500 }, (_, ns) =>
      Array.from({ length: 40 }, (_, index) => deployment(`team-${ns}`, `sticky-workload-${index}`)),
    ).flat();
    const pem = 'x'.repeat(900);
    expect(JSON.stringify(renderWebhooks(targets, { caBundle: pem })).length).toBeLessThan(1_500_000);
  });

  test('have a URL if the operator runs outside of the cluster', () => {
    expect(renderWebhooks([], { ...client, url: 'https://127.0.0.1:9443/inject' })[0]?.clientConfig).toEqual({
      caBundle: 'Y2E=',
      url: 'https://127.0.0.1:9443/inject',
    });
  });
});
