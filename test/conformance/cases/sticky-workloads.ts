/** The project's own CustomResourceDefinition: each of its rules, its defaults, its scale and its columns. */
import { expect } from '@jest/globals';
import { uniqueName, type ConformanceApi, type Fields } from '../api.ts';
import { done, expectRefused, type Case } from '../case.ts';
import { installedFrom } from '../installed.ts';
import { pathOf } from '../objects.ts';

const install = installedFrom([new URL('../../../crds/holdfast.dev_stickyworkloads.yaml', import.meta.url).pathname]);

const path = (api: ConformanceApi, ...parts: string[]): string => pathOf(api, 'holdfast.dev/v1alpha1', 'stickyworkloads', ...parts);

const workload = (spec: Fields = {}, name = uniqueName('cart')): Fields & { metadata: { name: string } } => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'StickyWorkload',
  metadata: { name },
  spec: { targetRef: { kind: 'Deployment', name: 'cart' }, ...spec },
});

type Row = { why: string; spec: Fields; field: string; message: RegExp };

const persistence = (fields: Fields): Fields => ({ sessionPersistence: fields });
const hash = (consistentHash: Fields): Fields => ({ loadBalancing: { policy: 'ConsistentHash', consistentHash } });
const drain = (fields: Fields): Fields => ({ drain: fields });

const rows: Row[] = [
  { why: 'without a target', spec: { targetRef: undefined }, field: 'spec.targetRef', message: /spec\.targetRef: Required value/ },
  { why: 'for a kind without sessions', spec: { targetRef: { kind: 'CronJob', name: 'cart' } }, field: 'spec.targetRef.kind', message: /Unsupported value: "CronJob": supported values: "Deployment", "StatefulSet"/ },
  { why: 'of fewer than no replicas', spec: { replicas: -1 }, field: 'spec.replicas', message: /Invalid value: -1: spec\.replicas in body should be greater than or equal to 0/ },
  { why: 'with a port beyond the last', spec: { service: { port: 65_536 } }, field: 'spec.service.port', message: /should be less than or equal to 65535/ },
  { why: 'with a target port number beyond the last', spec: { service: { targetPort: 65_536 } }, field: 'spec.service.targetPort', message: /Invalid value: .*must be a port number from 1 to 65535, or the name of a container port/ },
  { why: 'with a target port name in capitals', spec: { service: { targetPort: 'HTTP' } }, field: 'spec.service.targetPort', message: /or the name of a container port/ },
  { why: 'with a target port of another type', spec: { service: { targetPort: true } }, field: 'spec.service.targetPort', message: /must be of type integer,string: "boolean"/ },
  { why: 'with a path that is not absolute', spec: { route: { matches: [{ path: { type: 'Exact', value: 'cart' } }] } }, field: 'spec.route.matches[0].path', message: /value must be an absolute path/ },
  { why: 'with the same header twice', spec: { route: { matches: [{ headers: [{ name: 'a', value: '1' }, { name: 'a', value: '2' }] }] } }, field: 'spec.route.matches[0].headers[1]', message: /Duplicate value: \{"name":"a"\}/ },
  { why: 'with a wildcard in the middle of a host name', spec: { route: { hostnames: ['a.*.com'] } }, field: 'spec.route.hostnames[0]', message: /should match/ },
  { why: 'with SameSite None and no Secure', spec: persistence({ cookie: { sameSite: 'None', secure: 'Never' } }), field: 'spec.sessionPersistence.cookie', message: /sameSite None needs a Secure cookie/ },
  { why: 'with a partitioned cookie that is not Secure', spec: persistence({ cookie: { partitioned: true, secure: 'Never' } }), field: 'spec.sessionPersistence.cookie', message: /a partitioned cookie must be Secure/ },
  { why: 'with a __Secure- cookie that is not', spec: persistence({ cookie: { name: '__Secure-cart' } }), field: 'spec.sessionPersistence.cookie.secure', message: /set secure to Always/ },
  { why: 'with a __Host- cookie that browsers would drop', spec: persistence({ cookie: { name: '__Host-cart' } }), field: 'spec.sessionPersistence.cookie.name', message: /with path \/ and no domain/ },
  { why: 'with a header that frames the message', spec: persistence({ type: 'Header', header: { name: 'Content-Length' } }), field: 'spec.sessionPersistence.header.name', message: /HTTP itself needs/ },
  { why: 'of type Header without a header', spec: persistence({ type: 'Header' }), field: 'spec.sessionPersistence.header', message: /type Header needs header\.name/ },
  { why: 'of type Header with a cookie', spec: persistence({ type: 'Header', header: { name: 'a' }, cookie: {} }), field: 'spec.sessionPersistence.cookie', message: /cookie is only for type Cookie/ },
  { why: 'of type Cookie with a header', spec: persistence({ header: { name: 'a' } }), field: 'spec.sessionPersistence.header', message: /header is only for type Header/ },
  { why: 'with a permanent cookie without a lifetime', spec: persistence({ cookie: { lifetimeType: 'Permanent' } }), field: 'spec.sessionPersistence.absoluteTimeout', message: /needs absoluteTimeout/ },
  { why: 'with sessions that idle less than a second', spec: persistence({ idleTimeout: '999ms' }), field: 'spec.sessionPersistence.idleTimeout', message: /at least 1s/ },
  { why: 'with a session that is over before it is idle', spec: persistence({ idleTimeout: '1h', absoluteTimeout: '30m' }), field: 'spec.sessionPersistence.absoluteTimeout', message: /must not be shorter than idleTimeout/ },
  { why: 'with a duration in days', spec: persistence({ idleTimeout: '1d' }), field: 'spec.sessionPersistence.idleTimeout', message: /should match '\^\(\[0-9]\{1,5}\(h\|m\|s\|ms\)\)\{1,4}\$'/ },
  { why: 'with a hash and another policy', spec: { loadBalancing: { consistentHash: { useSourceIp: true } } }, field: 'spec.loadBalancing.consistentHash', message: /goes with policy ConsistentHash/ },
  { why: 'with a hash of two things', spec: hash({ httpHeaderName: 'x-user', useSourceIp: true }), field: 'spec.loadBalancing.consistentHash', message: /exactly one of/ },
  { why: 'with a table size for RingHash', spec: hash({ useSourceIp: true, algorithm: { type: 'RingHash', tableSize: 7 } }), field: 'spec.loadBalancing.consistentHash.algorithm.tableSize', message: /only for Maglev/ },
  { why: 'with a ring size for Maglev', spec: hash({ useSourceIp: true, algorithm: { minimumRingSize: 64 } }), field: 'spec.loadBalancing.consistentHash.algorithm.minimumRingSize', message: /only for RingHash/ },
  { why: 'with a drain beyond 7 days', spec: drain({ timeout: '168h1ms' }), field: 'spec.drain.timeout', message: /must not exceed 7 days/ },
  { why: 'with a drain beyond what any clock counts', spec: drain({ timeout: '99999h99999h99999h99999h' }), field: 'spec.drain.timeout', message: /must not exceed 7 days/ },
  { why: 'without time to drain', spec: drain({ timeout: '0s' }), field: 'spec.drain.timeout', message: /at least 1s/ },
  { why: 'with a quiet period longer than 10 minutes', spec: drain({ quietPeriod: '11m' }), field: 'spec.drain.quietPeriod', message: /must not exceed 10m/ },
  { why: 'with a shutdown margin longer than an hour', spec: drain({ shutdownMargin: '61m' }), field: 'spec.drain.shutdownMargin', message: /must not exceed 1h/ },
  { why: 'with the same source twice', spec: drain({ sessionSources: ['Proxy', 'Proxy'] }), field: 'spec.drain.sessionSources[1]', message: /Duplicate value: "Proxy"/ },
  { why: 'with an application that nobody says where to ask', spec: drain({ sessionSources: ['Application'] }), field: 'spec.drain.application', message: /goes with the session source Application/ },
  { why: 'with connections without their source', spec: drain({ connections: { ports: [8080] } }), field: 'spec.drain.connections', message: /only for the session source Connections/ },
  { why: 'of which no pod may ever drain', spec: { scaleDown: { maxDraining: 0 } }, field: 'spec.scaleDown.maxDraining', message: /at least 1, or a percentage/ },
  { why: 'of which more than all may drain', spec: { scaleDown: { maxDraining: '101%' } }, field: 'spec.scaleDown.maxDraining', message: /at least 1, or a percentage/ },
];

const refused = rows.map(
  ({ why, spec, field, message }): Case => ({
    title: `a StickyWorkload ${why} is refused`,
    run: async (api) => {
      await install(api);
      await expectRefused(api.post(path(api), workload(spec), { dryRun: 'All', fieldValidation: 'Strict' }), { code: 422, reason: 'Invalid', field, message });
    },
  }),
);

const accepted: Case[] = [
  {
    title: 'a StickyWorkload of only a target gets all its defaults',
    run: async (api) => {
      await install(api);
      expect((await done(api.post(path(api), workload()))).spec).toMatchObject({
        targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' },
        service: { port: 80, appProtocol: 'http' },
        route: { kind: 'HTTPRoute', matches: [{ path: { type: 'PathPrefix', value: '/' } }] },
        sessionPersistence: { type: 'Cookie', idleTimeout: '30m', onEndpointLost: 'Reassign' },
      });
    },
  },
  {
    title: 'a StickyWorkload with most of what there is, is accepted as it is',
    run: async (api) => {
      await install(api);
      const spec = {
        replicas: 3,
        service: { targetPort: 'h2c-8080' },
        route: { hostnames: ['*.example.com', 'localhost'], matches: [{ path: { type: 'RegularExpression', value: '.*\\.html' } }], backends: [{ name: 'cart', weight: 90 }, { name: 'cart', namespace: 'canary', weight: 10 }] },
        sessionPersistence: { cookie: { name: '__Host-cart', secure: 'Always', lifetimeType: 'Permanent' }, absoluteTimeout: '8h', idleTimeout: '1h2m3s4ms' },
        loadBalancing: { policy: 'ConsistentHash', consistentHash: { useSourceIp: true, algorithm: { type: 'RingHash', minimumRingSize: 64 } } },
        drain: { timeout: '168h', quietPeriod: '0s', sessionSources: ['Connections'], connections: { ports: [8080], excludeCIDRs: ['10.1.0.0/16', 'fd00::/8'] } },
        scaleDown: { maxDraining: '100%' },
      };
      expect((await done(api.post(path(api), workload(spec), { fieldValidation: 'Strict' }))).spec).toMatchObject(spec);
    },
  },
  {
    title: 'the target of a StickyWorkload cannot be changed',
    run: async (api) => {
      await install(api);
      const { metadata } = await done(api.post(path(api), workload()));
      await expectRefused(api.patch('merge', path(api, metadata.name), { spec: { targetRef: { name: 'other' } } }), { code: 422, reason: 'Invalid', field: 'spec.targetRef', message: /targetRef is immutable: delete this StickyWorkload/ });
    },
  },
  ...['a'.repeat(49), 'cart.v2', '2cart'].map((name) => ({
    title: `a StickyWorkload cannot have the name ${name}`,
    run: async (api: ConformanceApi) => {
      await install(api);
      await expectRefused(api.post(path(api), workload({}, name), { dryRun: 'All' }), { code: 422, reason: 'Invalid', field: 'metadata.name', message: /at most 48 characters/ });
    },
  })),
  {
    title: 'a StickyWorkload is scaled by its scale, for an autoscaler that finds its pods by the selector',
    run: async (api) => {
      await install(api);
      const { metadata } = await done(api.post(path(api), workload({ replicas: 2 })));
      await done(api.patch('merge', path(api, metadata.name, 'status'), { status: { replicas: 2, selector: 'app=cart' } }));
      const body = await done(api.patch('merge', path(api, metadata.name, 'scale'), { spec: { replicas: 5 } }));
      expect(body).toMatchObject({ kind: 'Scale', spec: { replicas: 5 }, status: { replicas: 2, selector: 'app=cart' } });
      expect((await done(api.get(path(api, metadata.name)))).spec).toMatchObject({ replicas: 5 });
    },
  },
  {
    title: 'the columns of StickyWorkloads',
    run: async (api) => {
      await install(api);
      const { body } = await api.request('GET', path(api), { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
      expect((body.columnDefinitions as { name: string }[]).map(({ name }) => name)).toEqual(['Name', 'Ready', 'Accepting', 'Draining', 'Sessions', 'Reason', 'Age']);
    },
  },
  {
    title: 'an operator applies the status of a StickyWorkload with force, a user its spec, and neither owns of the other',
    run: async (api) => {
      await install(api);
      const object = workload({ replicas: 2 });
      const one = path(api, object.metadata.name);
      await done(api.apply('user', one, object));
      const { spec: _, ...nameOnly } = object;
      const conditions = [{ type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration: 1 }];
      await done(api.apply('holdfast', `${one}/status`, { ...nameOnly, status: { replicas: 2, conditions } }, { force: 'true' }));
      const body = await done(api.apply('user', one, { ...object, spec: { ...(object.spec as Fields), replicas: 3 } }));
      expect(body).toMatchObject({ spec: { replicas: 3 }, status: { replicas: 2, conditions: [{ type: 'Ready' }] }, metadata: { generation: 2 } });
      expect(body.metadata.managedFields?.map(({ manager, subresource }) => `${manager} ${subresource ?? ''}`).toSorted()).toEqual(['holdfast status', 'user ']);
    },
  },
];

export const stickyWorkloads: Case[] = [...accepted, ...refused];
