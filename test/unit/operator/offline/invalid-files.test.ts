/** `holdfast translate` as a process, with files that the API server would refuse. */
import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

const gateway = [
  `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: holdfast }
spec: { controllerName: holdfast.dev/gateway-controller }`,
  `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { namespace: shop, name: web }
spec: { gatewayClassName: holdfast, listeners: [{ name: http, port: 80, protocol: HTTP }] }`,
];

const objectOf = (apiVersion: string, kind: string, rest: string) =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { namespace: shop, name: cart }\n${rest}`;
const routeWith = (spec: string) => objectOf('gateway.networking.k8s.io/v1', 'HTTPRoute', `spec: ${spec}`);
const workloadWith = (spec: string) => objectOf('holdfast.dev/v1alpha1', 'StickyWorkload', `spec: ${spec}`);

/** What is wrong in each document after the first two, and what is written about it. */
const invalid = [
  [workloadWith('{}'), 'StickyWorkload shop/cart: spec.targetRef: is required.'],
  [
    workloadWith('{ targetRef: { kind: Deployment, name: cart }, drain: { timeout: 5 } }'),
    'StickyWorkload shop/cart: spec.drain.timeout: must be a string, and is 5.',
  ],
  [
    workloadWith('{ targetRef: { kind: Deployment, name: cart }, drian: {} }'),
    'StickyWorkload shop/cart: spec.drian: is not a field of this kind.',
  ],
  [
    workloadWith('{ targetRef: { kind: CronJob, name: cart } }'),
    'StickyWorkload shop/cart: spec.targetRef.kind: must be Deployment or StatefulSet, and is "CronJob".',
  ],
  [routeWith('{ rules: text }'), 'HTTPRoute shop/cart: spec.rules: must be a list, and is "text".'],
  [routeWith('{ rules: [null] }'), 'HTTPRoute shop/cart: spec.rules[0]: must be an object, and is null.'],
  [routeWith('null'), 'HTTPRoute shop/cart: spec: is required.'],
  [
    routeWith('{ parentRefs: [{ name: web, port: 70000 }] }'),
    'HTTPRoute shop/cart: spec.parentRefs[0].port: must be at most 65535, and is 70000.',
  ],
  [
    objectOf(
      'gateway.networking.k8s.io/v1',
      'Gateway',
      'spec: { gatewayClassName: holdfast, listeners: [{ name: http, port: eighty, protocol: HTTP }] }',
    ),
    'Gateway shop/cart: spec.listeners[0].port: must be an integer, and is "eighty".',
  ],
  [
    objectOf('discovery.k8s.io/v1', 'EndpointSlice', 'endpoints: [{ conditions: { ready: true } }]'),
    'EndpointSlice shop/cart: endpoints[0].addresses: is required.',
  ],
  ['a: [1, 2', 'document 13: '],
  [
    'apiVersion: v1\nkind: List\nitems: [5]',
    'document 14, items[0]: an object has an apiVersion, a kind and a metadata.name.',
  ],
];

const ignored = [
  ['HttpRoute', 'gateway.networking.k8s.io/v1', ' Did you mean HTTPRoute of gateway.networking.k8s.io/v1?'],
  ['StickyWorkloads', 'holdfast.dev/v1alpha1', ' Did you mean StickyWorkload of holdfast.dev/v1alpha1?'],
  ['HTTPRoute', 'gateway.networking.x-k8s.io/v1', ' Did you mean HTTPRoute of gateway.networking.k8s.io/v1?'],
  ['CronJob', 'batch/v1', ''],
] as const;

function translate(documents: readonly string[]): { exitCode: number | null; errors: string; output: string } {
  const program = new URL('../../../../src/cli/main.ts', import.meta.url).pathname;
  const { status, stderr, stdout } = spawnSync(process.execPath, [program, 'translate', '-f', '-'], {
    input: [...gateway, ...documents].join('\n---\n'),
    encoding: 'utf8',
  });
  return { exitCode: status, errors: stderr, output: stdout };
}

test('an invalid object is named with its file and field and left out, and the rest is translated', () => {
  const { exitCode, errors, output } = translate(invalid.map(([document = '']) => document));
  expect(exitCode).toBe(1);
  for (const [, sentence = ''] of invalid) {
    expect(errors).toContain(
      sentence.startsWith('document') ? `error: standard input, ${sentence}` : `error: standard input: ${sentence}`,
    );
  }
  expect(output).toContain('Gateway shop/web:');
  expect(output).not.toContain('shop/cart');
});

test('an object whose kind is not read is ignored with a warning, which names the kind that it may mean', () => {
  const { exitCode, errors, output } = translate(
    ignored.map(([kind, apiVersion]) => objectOf(apiVersion, kind, 'spec: {}')),
  );
  for (const [kind, apiVersion, hint] of ignored) {
    const sentence = `kind ${kind} of ${apiVersion} is not read, and the object is ignored.${hint}\n`;
    expect(errors).toContain(`warning: standard input: ${kind} shop/cart: ${sentence}`);
  }
  expect(exitCode).toBe(0);
  expect(output).toContain('Gateway shop/web:');
});
