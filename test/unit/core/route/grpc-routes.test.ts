import { expect, test } from '@jest/globals';
import { readGrpcRoute } from '../../../../src/core/route/read-grpc-route.ts';
import type { GrpcRouteRule } from '../../../../src/core/snapshot/http-route.ts';
import { judgeHttpRoute } from '../../../../src/core/status/route-status.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { snapshotOf } from '../../../support/world.ts';

const kinds = [{ group: 'gateway.networking.k8s.io', kind: 'GRPCRoute' }];

function conditionsOf(sectionName: string): string[] {
  const { grpcRoutes } = translate(
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
  ['any', 'True Accepted'],
  ['grpc', 'True Accepted'],
  ['none', 'False NotAllowedByListeners'],
  ['gone', 'False NoMatchingParent'],
])('a GRPCRoute is judged as any route (listener %s)', (sectionName, accepted) => {
  expect(conditionsOf(sectionName)).toEqual([`Accepted ${accepted}`, 'ResolvedRefs False BackendNotFound']);
});

/** Returns why the only rule of a GRPCRoute is refused, and the matches that it has otherwise. */
function read(rule: GrpcRouteRule) {
  const { problems, rules } = readGrpcRoute({
    namespace: 'shop',
    name: 'r',
    uid: 'u',
    ownerUids: [],
    generation: 1,
    createdAt: '',
    spec: { rules: [rule] },
  });
  return problems.length > 0 ? problems.map(({ path }) => path) : rules[0]?.matches.map(({ rpc }) => rpc);
}

test.each<[string, GrpcRouteRule, unknown]>([
  ['no matches', {}, [undefined]],
  ['a match of everything', { matches: [{}] }, [undefined]],
  ['empty names', { matches: [{ method: { service: '', method: '' } }] }, [undefined]],
  ['a service', { matches: [{ method: { service: 'a.B' } }] }, [{ type: 'Exact', service: 'a.B' }]],
  [
    'an expression',
    { matches: [{ method: { type: 'RegularExpression', method: 'Get.*' } }] },
    [{ type: 'RegularExpression', method: 'Get.*' }],
  ],
  [
    'an expression that is invalid',
    { matches: [{ method: { type: 'RegularExpression', service: '(', method: '(' } }] },
    ['spec.rules[0].matches[0].method.service', 'spec.rules[0].matches[0].method.method'],
  ],
  ['a field of a newer version', { timeouts: { request: '1s' } } as GrpcRouteRule, ['spec.rules[0].timeouts']],
  [
    'a field of a newer version in a match',
    { matches: [{ method: { service: 'a.B', verb: 'x' } as object, body: 'x' } as object] },
    ['spec.rules[0].matches[0].body', 'spec.rules[0].matches[0].method.verb'],
  ],
])('a rule of a GRPCRoute with %s', (_, rule, result) => {
  expect(read(rule)).toEqual(result);
});
