/** Mutating admission webhooks. Each case has a server and a configuration of its own, which an object selector ties to its objects. */
import { expect } from '@jest/globals';
import { createCertificates } from '../../../../demo/certificate.ts';
import type { Fields } from '../body.ts';
import { uniqueName, type Answer, type ConformanceApi } from '../api.ts';
import { done, expectRefused, type Case } from '../case.ts';
import { configMap, configMaps, pod, pods } from '../objects.ts';
import { startWebhook, type Review, type Verdict } from '../webhook-server.ts';

const configurations = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

type Hooked = {
  label: Record<string, string>;
  reviews: Review[];
  create(metadata?: Fields, query?: Record<string, string>): Promise<Answer>;
};

const probe = 'conformance.example.test/probe';

/**
 * Runs `use` with a webhook that is known to be called: a real server reads a configuration some time after it was
 * stored, so a dry run of an object that only the probe's own webhook sees is repeated until that was called.
 */
async function hooked(
  api: ConformanceApi,
  settings: { webhook?: Fields; caBundle?: string; decide: (review: Review) => Verdict },
  use: (hook: Hooked) => Promise<void>,
): Promise<void> {
  const run = uniqueName('hook');
  const label = { 'conformance.example.test/run': run };
  const server = await startWebhook(({ object, ...review }) =>
    (object?.metadata.labels as Fields | undefined)?.[probe] === run ? {} : settings.decide({ object, ...review }),
  );
  const base = {
    clientConfig: server.clientConfig,
    rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE', 'UPDATE'] }],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds: 5,
  };
  const webhooks = [
    {
      ...base,
      name: 'main.example.test',
      objectSelector: { matchLabels: label },
      clientConfig: { ...server.clientConfig, ...(settings.caBundle ? { caBundle: settings.caBundle } : {}) },
      ...settings.webhook,
    },
    { ...base, name: 'probe.example.test', objectSelector: { matchLabels: { [probe]: run } } },
  ];
  try {
    await done(
      api.post(configurations, {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'MutatingWebhookConfiguration',
        metadata: { name: run },
        webhooks,
      }),
    );
    while (server.reviews.length === 0) {
      await done(
        api.post(configMaps(api), configMap({ name: uniqueName('map'), labels: { [probe]: run } }), { dryRun: 'All' }),
      );
    }
    server.reviews.length = 0;
    await use({
      label,
      reviews: server.reviews,
      create: (metadata = {}, query = {}) =>
        api.post(configMaps(api), configMap({ name: uniqueName('map'), labels: label, ...metadata }), query),
    });
  } finally {
    await api.delete(`${configurations}/${run}`);
    server.close();
  }
}

const addAnnotation = { patch: [{ op: 'add', path: '/metadata/annotations', value: { patched: 'yes' } }] };

const calling: Case[] = [
  {
    title: 'the patch of a webhook changes the created object',
    run: (api) =>
      hooked(api, { decide: () => addAnnotation }, async ({ create }) => {
        expect((await done(create())).metadata.annotations).toEqual({ patched: 'yes' });
      }),
  },
  {
    title: 'an admission review contains operation, kind, resource, namespace, name, user and object',
    run: (api) =>
      hooked(api, { decide: () => ({}) }, async ({ create, reviews }) => {
        const { metadata } = await done(create());
        expect(reviews).toMatchObject([
          {
            uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
            operation: 'CREATE',
            kind: { group: '', version: 'v1', kind: 'ConfigMap' },
            resource: { group: '', version: 'v1', resource: 'configmaps' },
            namespace: api.namespace,
            name: metadata.name,
            dryRun: false,
            userInfo: { username: expect.any(String), groups: expect.arrayContaining(['system:authenticated']) },
            object: { kind: 'ConfigMap', apiVersion: 'v1', data: { a: '1' } },
            oldObject: null,
          },
        ]);
      }),
  },
  {
    title: 'an admission review of an update contains the old object',
    run: (api) =>
      hooked(api, { decide: () => ({}) }, async ({ create, reviews }) => {
        const { metadata } = await done(create());
        await done(api.patch('merge', configMaps(api, metadata.name), { data: { a: '2' } }));
        expect(reviews.at(-1)).toMatchObject({
          operation: 'UPDATE',
          object: { data: { a: '2' } },
          oldObject: { data: { a: '1' } },
        });
      }),
  },
  {
    title: 'a webhook is called for a server-side apply',
    run: (api) =>
      hooked(api, { decide: () => addAnnotation }, async ({ label }) => {
        const name = uniqueName('map');
        expect(
          (await done(api.apply('left', configMaps(api, name), configMap({ name, labels: label })))).metadata
            .annotations,
        ).toEqual({ patched: 'yes' });
      }),
  },
  {
    title: 'an admission review contains the object with defaults',
    run: (api) =>
      hooked(
        api,
        {
          webhook: { rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }] },
          decide: () => ({}),
        },
        async ({ label, reviews }) => {
          await done(api.post(pods(api), pod({ name: uniqueName('pod'), labels: label }), { dryRun: 'All' }));
          expect(reviews).toMatchObject([
            { object: { spec: { terminationGracePeriodSeconds: 30, restartPolicy: 'Always' } } },
          ]);
        },
      ),
  },
  {
    title: 'an admission review of a dry run has dryRun set',
    run: (api) =>
      hooked(api, { decide: () => addAnnotation }, async ({ create, reviews }) => {
        expect((await done(create({}, { dryRun: 'All' }))).metadata.annotations).toEqual({ patched: 'yes' });
        expect(reviews.map(({ dryRun }) => dryRun)).toEqual([true]);
      }),
  },
  {
    title: 'warnings of a webhook reach the client as Warning headers',
    run: (api) =>
      hooked(api, { decide: () => ({ warnings: ['think again'] }) }, async ({ create }) => {
        const { status, headers } = await create();
        expect({ status, warning: headers.warning }).toEqual({ status: 201, warning: '299 - "think again"' });
      }),
  },
  {
    title: 'an object that a webhook denies is refused with the message of the webhook',
    run: (api) =>
      hooked(api, { decide: () => ({ allowed: false, status: { message: 'not today' } }) }, ({ create }) =>
        expectRefused(create(), {
          code: 400,
          message: /^admission webhook "main\.example\.test" denied the request: not today$/,
        }),
      ),
  },
  {
    title: 'a webhook that denies an object can choose the HTTP status',
    run: (api) =>
      hooked(
        api,
        { decide: () => ({ allowed: false, status: { code: 403, reason: 'Forbidden', message: 'not you' } }) },
        ({ create }) =>
          expectRefused(create(), {
            code: 403,
            reason: 'Forbidden',
            message: /^admission webhook "main\.example\.test" denied the request: not you$/,
          }),
      ),
  },
  {
    title: 'an object that the patch of a webhook makes invalid is refused',
    run: (api) =>
      hooked(
        api,
        { decide: () => ({ patch: [{ op: 'add', path: '/metadata/labels/app', value: 'a b' }] }) },
        ({ create }) =>
          expectRefused(create(), { code: 422, reason: 'Invalid', message: /metadata\.labels: Invalid value: "a b"/ }),
      ),
  },
];

const choosing: Case[] = [
  {
    title: 'a webhook is not called for objects that its object selector does not match',
    run: (api) =>
      hooked(api, { decide: () => addAnnotation }, async ({ create, reviews }) => {
        expect((await done(create({ labels: {} }))).metadata.annotations).toBeUndefined();
        expect(reviews).toEqual([]);
      }),
  },
  {
    title: 'a webhook is not called in namespaces that its namespace selector does not match',
    run: (api) =>
      hooked(
        api,
        {
          webhook: {
            namespaceSelector: {
              matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [api.namespace] }],
            },
          },
          decide: () => addAnnotation,
        },
        async ({ create, reviews }) => {
          await done(create());
          expect(reviews).toEqual([]);
        },
      ),
  },
  {
    title: 'a webhook is called in namespaces that its namespace selector matches',
    run: (api) =>
      hooked(
        api,
        {
          webhook: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': api.namespace } } },
          decide: () => ({}),
        },
        async ({ create, reviews }) => {
          await done(create());
          expect(reviews).toHaveLength(1);
        },
      ),
  },
  {
    title: 'a webhook is not called for operations that its rules do not contain',
    run: (api) =>
      hooked(
        api,
        {
          webhook: {
            rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['UPDATE'] }],
          },
          decide: () => addAnnotation,
        },
        async ({ create, reviews }) => {
          const { metadata } = await done(create());
          expect(reviews).toEqual([]);
          await done(api.patch('merge', configMaps(api, metadata.name), { data: { a: '2' } }));
          expect(reviews.map(({ operation }) => operation)).toEqual(['UPDATE']);
        },
      ),
  },
  {
    title: 'a rule with wildcards matches every resource',
    run: (api) =>
      hooked(
        api,
        {
          webhook: { rules: [{ apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*'] }] },
          decide: () => ({}),
        },
        async ({ create, reviews }) => {
          await done(create());
          expect(reviews.map(({ operation }) => operation)).toEqual(['CREATE']);
        },
      ),
  },
  {
    title: 'a webhook can deny a deletion',
    run: (api) =>
      hooked(
        api,
        {
          webhook: {
            rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['DELETE'] }],
          },
          decide: () => ({ allowed: false, status: { message: 'kept' } }),
        },
        async ({ create }) => {
          const { metadata } = await done(create());
          await expectRefused(api.delete(configMaps(api, metadata.name)), {
            code: 400,
            message: /denied the request: kept$/,
          });
        },
      ),
  },
  {
    title: 'webhooks are called in turn: each receives the object as changed by those before it',
    run: (api) =>
      hooked(
        api,
        {
          decide: ({ object }) => {
            const labels = object.metadata.labels as Record<string, string>;
            return { patch: [{ op: 'add', path: '/metadata/labels/seen', value: String(Object.keys(labels).length) }] };
          },
        },
        async ({ create, label }) => {
          expect((await done(create({ labels: { ...label, one: '1' } }))).metadata.labels).toMatchObject({ seen: '2' });
        },
      ),
  },
];

const failing: Case[] = [
  {
    title: 'a request fails if a webhook with the policy Fail is unavailable',
    run: (api) =>
      hooked(
        api,
        { webhook: { clientConfig: { url: 'https://127.0.0.1:1/mutate' } }, decide: () => ({}) },
        ({ create }) =>
          expectRefused(create(), {
            code: 500,
            reason: 'InternalError',
            message:
              /^Internal error occurred: failed calling webhook "main\.example\.test": failed to call webhook: Post "https:\/\/127\.0\.0\.1:1\/mutate\?timeout=5s": /,
          }),
      ),
  },
  {
    title: 'an unavailable webhook with the policy Ignore is skipped',
    run: (api) =>
      hooked(
        api,
        {
          webhook: { clientConfig: { url: 'https://127.0.0.1:1/mutate' }, failurePolicy: 'Ignore' },
          decide: () => ({}),
        },
        async ({ create }) => {
          expect((await create()).status).toBe(201);
        },
      ),
  },
  {
    title: 'a request fails if the certificate of a webhook is not signed by its caBundle',
    run: async (api) => {
      const { caPem } = await createCertificates({ addresses: ['127.0.0.1'] });
      await hooked(api, { caBundle: Buffer.from(caPem).toString('base64'), decide: () => ({}) }, ({ create }) =>
        expectRefused(create(), {
          code: 500,
          reason: 'InternalError',
          message: /failed calling webhook "main\.example\.test": .*certificate/,
        }),
      );
    },
  },
  {
    title: 'a request fails if a webhook does not respond before its timeout',
    run: (api) =>
      hooked(api, { webhook: { timeoutSeconds: 1 }, decide: () => 'no answer' }, ({ create }) =>
        expectRefused(create(), {
          code: 500,
          reason: 'InternalError',
          message:
            /failed calling webhook "main\.example\.test": .*(context deadline exceeded|Client\.Timeout exceeded)/,
        }),
      ),
  },
  {
    title: 'a webhook with the policy Ignore that does not respond before its timeout is skipped',
    run: (api) =>
      hooked(
        api,
        { webhook: { timeoutSeconds: 1, failurePolicy: 'Ignore' }, decide: () => 'no answer' },
        async ({ create }) => {
          expect((await create()).status).toBe(201);
        },
      ),
  },
  {
    title: 'a request fails if the response of a webhook is invalid',
    run: (api) =>
      hooked(api, { decide: () => 'nonsense' }, ({ create }) =>
        expectRefused(create(), {
          code: 500,
          reason: 'InternalError',
          message: /failed calling webhook "main\.example\.test"/,
        }),
      ),
  },
  {
    title: 'an object that a webhook denies is refused, whatever the failure policy is',
    run: (api) =>
      hooked(api, { webhook: { failurePolicy: 'Ignore' }, decide: () => ({ allowed: false }) }, ({ create }) =>
        expectRefused(create(), {
          code: 400,
          message: /^admission webhook "main\.example\.test" denied the request without explanation$/,
        }),
      ),
  },
];

const configuring: Case[] = [
  {
    title: 'a webhook configuration gets its defaults',
    run: async (api) => {
      const webhooks = [
        {
          name: 'a.example.test',
          clientConfig: { url: 'https://127.0.0.1:1/' },
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          rules: [],
        },
      ];
      const body = await done(
        api.post(
          configurations,
          {
            apiVersion: 'admissionregistration.k8s.io/v1',
            kind: 'MutatingWebhookConfiguration',
            metadata: { name: uniqueName('hook') },
            webhooks,
          },
          { dryRun: 'All' },
        ),
      );
      expect(body.webhooks).toMatchObject([
        {
          failurePolicy: 'Fail',
          matchPolicy: 'Equivalent',
          timeoutSeconds: 10,
          reinvocationPolicy: 'Never',
          namespaceSelector: {},
          objectSelector: {},
        },
      ]);
    },
  },
];

export const webhooks: Case[] = [...calling, ...choosing, ...failing, ...configuring];
