import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { projectDefinition, projectGateway } from '../../../../src/operator/gather/gateway-api.ts';
import { routeDefinition } from '../../../support/operator-objects.ts';

const installed = (object: KubeObject) => projectDefinition(object).gatewayApi;
const established = { conditions: [{ type: 'Established', status: 'True' }] };

describe('what of Gateway API is installed', () => {
  test.each(['B', 'C', 'Absent'] as const)('generation %s is read from the schema', (generation) => {
    expect(installed(routeDefinition(generation))).toEqual({ installed: true, sessionPersistence: generation });
  });

  test.each<[string, Partial<KubeObject>]>([
    ['a definition without status', { status: undefined }],
    ['one whose conditions Go wrote as null', { status: { conditions: null } }],
    ['one that is not established yet', { status: { conditions: [{ type: 'Established', status: 'False' }] } }],
    ['one that is being deleted', { metadata: { ...routeDefinition('B').metadata, deletionTimestamp: '2026-05-01T12:00:00Z' } }],
    ['one without versions', { spec: { versions: null }, status: established }],
    ['one that serves v1beta1 only', { spec: { versions: [{ name: 'v1beta1', served: true }] }, status: established }],
    ['one whose v1 is not served', { spec: { versions: [{ name: 'v1', served: false }] }, status: established }],
  ])('%s counts as not installed', (_, parts) => {
    expect(installed({ ...routeDefinition('B'), ...parts })).toEqual({ installed: false });
  });

  test('a v1 without a schema has no field for session persistence', () => {
    expect(installed({ ...routeDefinition('B'), spec: { versions: [{ name: 'v1', served: true }] } })).toEqual({ installed: true, sessionPersistence: 'Absent' });
  });

  test('of the half megabyte of schema nothing is kept', () => {
    expect(Object.keys(projectDefinition(routeDefinition('B')))).toEqual(['apiVersion', 'kind', 'metadata', 'gatewayApi']);
  });
});

describe('a Gateway', () => {
  const gateway = (spec?: object): KubeObject => ({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { namespace: 'shop', name: 'web', uid: 'g', generation: 3 }, ...(spec && { spec }) });

  test('is its class, its listeners and its generation', () => {
    const spec = { gatewayClassName: 'holdfast', listeners: [{ name: 'http', port: 80, protocol: 'HTTP', hostname: 'a.example', allowedRoutes: {} }, { name: 'any', port: 81, protocol: 'HTTP' }] };
    expect(projectGateway(gateway(spec)).gateway).toEqual({
      namespace: 'shop',
      name: 'web',
      uid: 'g',
      ownerUids: [],
      className: 'holdfast',
      generation: 3,
      listeners: [
        { name: 'http', port: 80, protocol: 'HTTP', hostname: 'a.example' },
        { name: 'any', port: 81, protocol: 'HTTP' },
      ],
    });
  });

  test.each<[string, object | undefined]>([
    ['no spec', undefined],
    ['listeners null', { gatewayClassName: 'x', listeners: null }],
  ])('%s: no listener', (_, spec) => {
    expect(projectGateway(gateway(spec)).gateway.listeners).toEqual([]);
  });

  test('keeps its status, from which dates are taken over', () => {
    expect(projectGateway({ ...gateway(), status: { conditions: [] } }).observed).toEqual({ generation: 3, status: { conditions: [] } });
    expect(projectGateway(gateway()).observed).toEqual({ generation: 3 });
  });
});
