/** What pods get by the `appProtocol` of the Service port that a route leads to. */
import { expect, test } from '@jest/globals';
import { translate } from '../../../../src/core/translate/translate.ts';
import type { Translation } from '../../../../src/core/translate/translation.ts';
import { snapshotOf } from '../../../support/world.ts';

const snapshot = (appProtocol: string | undefined) =>
  snapshotOf({
    gateways: [{ name: 'web' }],
    services: [{ name: 'pay', ports: [{ name: '', port: 80, targetPort: 8080, ...(appProtocol && { appProtocol }) }] }],
    httpRoutes: [
      {
        name: 'r',
        spec: { parentRefs: [{ name: 'web' }], rules: [{ backendRefs: [{ name: 'pay', port: 80 }] }] },
      },
    ],
  });

/** `before`: of an earlier translation. */
function protocolTo(appProtocol: string | undefined, before?: Translation): string | undefined {
  const { httpRoutes, tables } = translate(snapshot(appProtocol), before);
  const verdict = httpRoutes.get('shop/r')?.refs.get('spec.rules[0].backendRefs[0]');
  if (verdict?.kind !== 'resolved') return verdict?.reason;
  const backend = tables['shop/web']?.backends['shop/pay:80'];
  return backend && (backend.protocol ?? 'HTTP/1.1');
}

test.each([
  [undefined, 'HTTP/1.1'],
  ['http', 'HTTP/1.1'],
  ['kubernetes.io/ws', 'HTTP/1.1'],
  ['example.com/thing', 'HTTP/1.1'],
  ['kubernetes.io/h2c', 'HTTP2'],
  ['Kubernetes.io/H2C', 'HTTP2'],
  ['h2c', 'HTTP2'],
  ['http2', 'HTTP2'],
  ['grpc', 'HTTP2'],
  ['https', 'UnsupportedProtocol'],
  ['kubernetes.io/wss', 'UnsupportedProtocol'],
  ['grpcs', 'UnsupportedProtocol'],
])('a port with appProtocol %s without TLS: %s', (appProtocol, protocol) => {
  expect(protocolTo(appProtocol)).toBe(protocol);
});

test('a port that gets an appProtocol changes its backend', () => {
  expect(protocolTo('grpc', translate(snapshot('http')))).toBe('HTTP2');
});

test.each(['http', 'grpc'] as const)('the pods of a StickyWorkload get what its spec says: %s', (appProtocol) => {
  const { accepts, tables } = translate(
    snapshotOf({
      workloads: [{ name: 'cart', spec: { service: { appProtocol } } }],
      targets: [{ name: 'cart' }],
    }),
  );
  expect(accepts['shop/cart']?.kind).toBe('accepted');
  const backend = tables['shop/holdfast']?.backends['shop/cart'];
  expect(backend && (backend.protocol ?? 'HTTP/1.1')).toBe(appProtocol === 'grpc' ? 'HTTP2' : 'HTTP/1.1');
});
