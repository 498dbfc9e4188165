/** The definitions of the Gateway API, the largest that the project meets: they must install, and their rules hold. */
import { existsSync } from 'node:fs';
import { expect } from '@jest/globals';
import { gatewayApiFolder } from '../../../../../test/support/api-world.ts';
import type { Fields } from '../body.ts';
import { uniqueName, type ConformanceApi } from '../api.ts';
import { done, expectRefused, type Case } from '../case.ts';
import { installedFrom } from '../installed.ts';
import { pathOf } from '../objects.ts';

const folder = gatewayApiFolder('experimental');
const skipReason = existsSync(folder)
  ? undefined
  : 'the definitions of the Gateway API are not on this machine: HOLDFAST_CLUSTER_TOOLS names the folder that has them in gateway-api/experimental';
const install = installedFrom(
  ['gatewayclasses', 'gateways', 'httproutes', 'grpcroutes', 'referencegrants'].map(
    (plural) => `${folder}/gateway.networking.k8s.io_${plural}.yaml`,
  ),
);

const version = 'gateway.networking.k8s.io/v1';
const object = (kind: string, spec: Fields): Fields & { metadata: { name: string } } => ({
  apiVersion: version,
  kind,
  metadata: { name: uniqueName('gw') },
  spec,
});

const listener = (fields: Fields = {}): Fields => ({ name: 'http', port: 80, protocol: 'HTTP', ...fields });
const gateway = (listeners: Fields[]): Fields => object('Gateway', { gatewayClassName: 'holdfast', listeners });
const rule = (fields: Fields): Fields => object('HTTPRoute', { rules: [{ ...fields }] });

type Row = { why: string; plural: 'gateways' | 'httproutes' | 'grpcroutes'; object: Fields; message: RegExp };

const rows: Row[] = [
  {
    why: 'a Gateway with TLS for HTTP',
    plural: 'gateways',
    object: gateway([listener({ tls: { certificateRefs: [{ name: 'a' }] } })]),
    message: /tls must not be specified for protocols \['HTTP', 'TCP', 'UDP'\]/,
  },
  {
    why: 'a Gateway with a host name for TCP',
    plural: 'gateways',
    object: gateway([listener({ protocol: 'TCP', hostname: 'a.example.test' })]),
    message: /hostname must not be specified for protocols \['TCP', 'UDP'\]/,
  },
  {
    why: 'a Gateway with two listeners of one name',
    plural: 'gateways',
    object: gateway([listener(), listener({ port: 81 })]),
    message: /Duplicate value: \{"name":"http"\}|Listener name must be unique within the Gateway/,
  },
  {
    why: 'a Gateway with two listeners of one port, protocol and host name',
    plural: 'gateways',
    object: gateway([listener(), listener({ name: 'other' })]),
    message: /Combination of port, protocol and hostname must be unique for each listener/,
  },
  {
    why: 'a Gateway with port 0',
    plural: 'gateways',
    object: gateway([listener({ port: 0 })]),
    message: /listeners\[0\]\.port in body should be greater than or equal to 1/,
  },
  {
    why: 'a Gateway without a class',
    plural: 'gateways',
    object: object('Gateway', { listeners: [listener()] }),
    message: /spec\.gatewayClassName: Required value/,
  },
  {
    why: 'an HTTPRoute with a path that is not absolute',
    plural: 'httproutes',
    object: rule({ matches: [{ path: { value: 'cart' } }] }),
    message: /value must be an absolute path and start with '\/' when type one of \['Exact', 'PathPrefix'\]/,
  },
  {
    why: 'an HTTPRoute with a path with two slashes',
    plural: 'httproutes',
    object: rule({ matches: [{ path: { value: '/a//b' } }] }),
    message: /must not contain '\/\/' when type one of \['Exact', 'PathPrefix'\]/,
  },
  {
    why: 'an HTTPRoute with a filter without its own part',
    plural: 'httproutes',
    object: rule({ filters: [{ type: 'RequestRedirect' }] }),
    message: /filter\.requestRedirect must be specified for RequestRedirect filter\.type/,
  },
  {
    why: 'an HTTPRoute with one filter twice',
    plural: 'httproutes',
    object: rule({
      filters: [
        { type: 'URLRewrite', urlRewrite: { hostname: 'a' } },
        { type: 'URLRewrite', urlRewrite: { hostname: 'b' } },
      ],
    }),
    message: /URLRewrite filter cannot be repeated/,
  },
  {
    why: 'an HTTPRoute with a backend Service without a port',
    plural: 'httproutes',
    object: rule({ backendRefs: [{ name: 'web' }] }),
    message: /Must have port for Service reference/,
  },
  {
    why: 'an HTTPRoute with a wildcard in the middle of a host name',
    plural: 'httproutes',
    object: object('HTTPRoute', { hostnames: ['a.*.test'] }),
    message: /spec\.hostnames\[0\] in body should match/,
  },
  {
    why: 'an HTTPRoute with a time-out for the backend longer than for the request',
    plural: 'httproutes',
    object: rule({ timeouts: { request: '1s', backendRequest: '2s' } }),
    message: /backendRequest timeout cannot be longer than request timeout/,
  },
  {
    why: 'an HTTPRoute with two parents that are the same',
    plural: 'httproutes',
    object: object('HTTPRoute', { parentRefs: [{ name: 'a' }, { name: 'a' }] }),
    message: /sectionName or port must be unique when parentRefs includes 2 or more references to the same parent/,
  },
  {
    why: 'an HTTPRoute with a permanent session without a time-out',
    plural: 'httproutes',
    object: rule({ sessionPersistence: { type: 'Cookie', cookie: { lifetimeType: 'Permanent' } } }),
    message: /AbsoluteTimeout must be specified when cookie lifetimeType is Permanent/,
  },
  {
    why: 'a GRPCRoute with a method match of nothing',
    plural: 'grpcroutes',
    object: object('GRPCRoute', { rules: [{ matches: [{ method: { type: 'Exact' } }] }] }),
    message: /One or both of 'service' or 'method' must be specified/,
  },
];

const refused = rows.map(({ why, plural, object: body, message }): Case => ({
  title: `${why} is refused`,
  skipReason,
  run: async (api) => {
    await install(api);
    await expectRefused(api.post(pathOf(api, version, plural), body, { dryRun: 'All' }), {
      code: 422,
      reason: 'Invalid',
      message,
    });
  },
}));

const create = async (api: ConformanceApi, plural: string, body: Fields): Promise<Fields> => {
  await install(api);
  return (await done(api.post(pathOf(api, version, plural), body, { dryRun: 'All', fieldValidation: 'Strict' }))).spec;
};

const accepted: Case[] = [
  {
    title: 'an HTTPRoute gets its defaults at every depth',
    skipReason,
    run: async (api) => {
      const spec = await create(
        api,
        'httproutes',
        object('HTTPRoute', { parentRefs: [{ name: 'web' }], rules: [{ backendRefs: [{ name: 'cart', port: 80 }] }] }),
      );
      expect(spec).toMatchObject({
        parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }],
        rules: [
          {
            matches: [{ path: { type: 'PathPrefix', value: '/' } }],
            backendRefs: [{ group: '', kind: 'Service', name: 'cart', port: 80, weight: 1 }],
          },
        ],
      });
    },
  },
  {
    title: 'a Gateway allows routes of its own namespace by default',
    skipReason,
    run: async (api) => {
      expect(await create(api, 'gateways', gateway([listener()]))).toMatchObject({
        listeners: [{ allowedRoutes: { namespaces: { from: 'Same' } } }],
      });
    },
  },
  {
    title: 'a new Gateway has the conditions of one that nobody has looked at',
    skipReason,
    run: async (api) => {
      await install(api);
      const body = await done(api.post(pathOf(api, version, 'gateways'), gateway([listener()])));
      expect(body.status.conditions).toMatchObject([
        { type: 'Accepted', status: 'Unknown', reason: 'Pending' },
        { type: 'Programmed', status: 'Unknown' },
      ]);
    },
  },
  {
    title: 'an HTTPRoute with session persistence, redirects and weights is accepted as it is',
    skipReason,
    run: async (api) => {
      const rules = [
        { filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 301 } }] },
        {
          backendRefs: [
            { name: 'a', port: 80, weight: 90 },
            { name: 'b', port: 80, weight: 10 },
          ],
          sessionPersistence: { type: 'Cookie', absoluteTimeout: '1h', cookie: { lifetimeType: 'Permanent' } },
        },
      ];
      expect(
        await create(api, 'httproutes', object('HTTPRoute', { hostnames: ['*.example.test'], rules })),
      ).toMatchObject({ rules });
    },
  },
  {
    title: 'the status of an HTTPRoute gets the defaults of its schema, too',
    skipReason,
    run: async (api) => {
      await install(api);
      const path = pathOf(api, version, 'httproutes');
      const { metadata } = await done(api.post(path, object('HTTPRoute', { parentRefs: [{ name: 'web' }] })));
      const parents = [
        {
          controllerName: 'holdfast.dev/gateway',
          parentRef: { name: 'web' },
          conditions: [
            {
              type: 'Accepted',
              status: 'True',
              reason: 'Accepted',
              message: '',
              lastTransitionTime: '2026-01-01T00:00:00Z',
            },
          ],
        },
      ];
      const body = await done(api.patch('merge', `${path}/${metadata.name}/status`, { status: { parents } }));
      expect(body.status).toMatchObject({
        parents: [{ parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' } }],
      });
    },
  },
];

export const gatewayApi: Case[] = [...accepted, ...refused];
