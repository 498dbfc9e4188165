import { expect, test } from '@jest/globals';
import { judgeHttpRoute } from '../../../../src/core/status/route-status.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { snapshotOf } from '../../../support/world.ts';

const kinds = [{ group: 'gateway.networking.k8s.io', kind: 'GRPCRoute' }];

function conditionsOf(sectionName: string): string[] {
  const { grpcRoutes, tables } = translate(
    snapshotOf({
      gateways: [
        {
          name: 'web',
          listeners: [
            { name: 'any' },
            { name: 'grpc', port: 81, allowedRoutes: { from: 'Same', kinds } },
            { name: 'none', port: 82, allowedRoutes: { from: 'None', kinds: [] } },
          ],
        },
      ],
      grpcRoutes: [
        {
          name: 'r',
          spec: { parentRefs: [{ name: 'web', sectionName }], rules: [{ backendRefs: [{ name: 'gone', port: 80 }] }] },
        },
      ],
    }),
  );
  expect(tables['shop/web']?.routes).toEqual([]);
  const judged = grpcRoutes.get('shop/r');
  const status = judged && judgeHttpRoute(judged, { generation: 1 }, 0);
  const { parents = [] } = (status ?? {}) as {
    parents?: { conditions: { type: string; status: string; reason: string }[] }[];
  };
  return parents.flatMap(({ conditions }) =>
    conditions.map(({ type, status: is, reason }) => `${type} ${is} ${reason}`),
  );
}

test.each([
  ['any', 'UnsupportedValue'],
  ['grpc', 'UnsupportedValue'],
  ['none', 'NotAllowedByListeners'],
  ['gone', 'NoMatchingParent'],
])('a GRPCRoute is judged as any route, and not served (listener %s)', (sectionName, reason) => {
  expect(conditionsOf(sectionName)).toEqual([`Accepted False ${reason}`, 'ResolvedRefs False BackendNotFound']);
});
