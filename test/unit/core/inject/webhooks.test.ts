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

  test('match labelled pods of the namespaces that are served only, if not all are', () => {
    const [labelled] = renderWebhooks([], { ...client, namespaces: ['shop', 'infra'] });
    expect(labelled?.namespaceSelector).toEqual({
      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['infra', 'shop'] }],
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
      timeoutSeconds: 10,
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

  test.each([
    ['a quote', "x'"],
    ['an expression', "x'] == ['y'] || true || ['z"],
    ['a backslash', 'a\\'],
    ['a line break', 'a\nb'],
    ['capitals', 'Cart'],
    ['too many characters', 'x'.repeat(254)],
  ])('leave out a target whose name has %s, and keep those of others', (_, name) => {
    const others = [deployment('evil', 'honest'), deployment('shop', 'cart')];
    expect(renderWebhooks([deployment('evil', name), ...others], client)).toEqual(renderWebhooks(others, client));
  });

  const conditionsOf = (webhook: { matchConditions: { expression: string }[] } | undefined) =>
    webhook?.matchConditions.map(({ expression }) => expression).join('');
  const manyOf = (namespaces: number, each: number, length = 18): WebhookTarget[] =>
    Array.from({ length: namespaces }, (_, ns) =>
      Array.from({ length: each }, (_unused, index) =>
        deployment(`team-${ns}`.padEnd(63, 'x'), `w${index}-`.padEnd(length, 'x').slice(0, length - 1) + 'z'),
      ),
    ).flat();

  test.each([
    ['101 workloads', 101, 18],
    ['long names', 40, 253],
  ])('match every pod of a workload in a namespace with %s, and name the targets of the others', (_, each, length) => {
    const [big, shop] = renderWebhooks([...manyOf(1, each, length), deployment('zoo', 'cart')], client);
    expect(conditionsOf(big)).toContain("owner.kind in ['ReplicaSet', 'StatefulSet']");
    expect(conditionsOf(shop)).toContain("'cart'");
  });

  test.each([
    ['6,000 StickyWorkloads with the longest names in one namespace', 1, 6000, 253],
    ['500 namespaces with 40 StickyWorkloads each', 500, 40, 18],
    ['10,000 namespaces with a StickyWorkload each', 10_000, 1, 253],
  ])('stay below the size limit of etcd with %s', (_, namespaces, each, length) => {
    const webhooks = renderWebhooks(manyOf(namespaces, each, length), { caBundle: 'x'.repeat(900) });
    // About 450 bytes of managed fields per entry.
    expect(JSON.stringify(webhooks).length + 450 * webhooks.length).toBeLessThan(1_450_000);
    const text = JSON.stringify(webhooks.map(({ namespaceSelector }) => namespaceSelector));
    const last = `team-${namespaces - 1}`.padEnd(63, 'x');
    expect(text.split(`"${last}"`)).toHaveLength(2);
  });

  test('have a URL if the operator runs outside of the cluster', () => {
    expect(renderWebhooks([], { ...client, url: 'https://127.0.0.1:9443/inject' })[0]?.clientConfig).toEqual({
      caBundle: 'Y2E=',
      url: 'https://127.0.0.1:9443/inject',
    });
  });
});
