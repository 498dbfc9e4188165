/** Tokens of ServiceAccounts, their review, and what else says who one is. */
import { expect } from '@jest/globals';
import type { Body, Fields } from '../body.ts';
import { uniqueName, type Answer, type ConformanceApi } from '../api.ts';
import { done, eventually, expectRefused, type Case } from '../case.ts';
import { pathOf, pod, pods } from '../objects.ts';

const accounts = (api: ConformanceApi, ...parts: string[]): string => pathOf(api, 'v1', 'serviceaccounts', ...parts);

async function account(api: ConformanceApi): Promise<Body> {
  return done(
    api.post(accounts(api), { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: uniqueName('account') } }),
  );
}

const requestToken = (api: ConformanceApi, name: string, spec: Fields = {}) =>
  api.post(accounts(api, name, 'token'), {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences: ['holdfast'], ...spec },
  });

const tokenOf = ({ status }: Body): string => String(status.token);

const requestReview = (api: ConformanceApi, token: string, audiences: string[]): Promise<Answer> =>
  api.post('/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, audiences },
  });

const review = (api: ConformanceApi, token: string, audiences: string[]): Promise<Body> =>
  done(requestReview(api, token, audiences));

export const identity: Case[] = [
  {
    title: 'a requested token has an expiration time',
    run: async (api) => {
      const { metadata } = await account(api);
      const { status, body } = await requestToken(api, metadata.name, { expirationSeconds: 3600 });
      expect(status).toBe(201);
      expect(body).toMatchObject({ kind: 'TokenRequest', spec: { audiences: ['holdfast'], expirationSeconds: 3600 } });
      expect(tokenOf(body)).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
      expect(Math.abs(Date.parse(String(body.status.expirationTimestamp)) - Date.now() - 3_600_000)).toBeLessThan(
        60_000,
      );
    },
  },
  {
    title: 'the claims of a token contain subject, audience and issuer',
    run: async (api) => {
      const { metadata } = await account(api);
      const token = tokenOf(await done(requestToken(api, metadata.name)));
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Fields;
      expect(claims).toMatchObject({
        aud: ['holdfast'],
        sub: `system:serviceaccount:${api.namespace}:${metadata.name}`,
        'kubernetes.io': { namespace: api.namespace, serviceaccount: { name: metadata.name, uid: metadata.uid } },
      });
    },
  },
  {
    title: 'a review of a token returns its user',
    run: async (api) => {
      const { metadata } = await account(api);
      const { status } = await review(api, tokenOf(await done(requestToken(api, metadata.name))), ['holdfast']);
      expect(status).toMatchObject({
        authenticated: true,
        audiences: ['holdfast'],
        user: {
          username: `system:serviceaccount:${api.namespace}:${metadata.name}`,
          uid: metadata.uid,
          groups: ['system:serviceaccounts', `system:serviceaccounts:${api.namespace}`, 'system:authenticated'],
        },
      });
    },
  },
  {
    title: 'a review for another audience does not authenticate the token',
    run: async (api) => {
      const { metadata } = await account(api);
      const { status } = await review(api, tokenOf(await done(requestToken(api, metadata.name))), ['other']);
      expect(status).toMatchObject({ error: expect.stringMatching(/audience/) });
      expect(status.authenticated ?? false).toBe(false);
    },
  },
  {
    title: 'a review returns the shared audiences',
    run: async (api) => {
      const { metadata } = await account(api);
      const token = tokenOf(await done(requestToken(api, metadata.name, { audiences: ['a', 'b'] })));
      expect((await review(api, token, ['b', 'c'])).status).toMatchObject({ authenticated: true, audiences: ['b'] });
    },
  },
  {
    title: 'a review of an invalid token succeeds, and does not authenticate it',
    run: async (api) => {
      const { status } = await review(api, 'nonsense', ['holdfast']);
      expect(status.authenticated ?? false).toBe(false);
      expect(status).toHaveProperty('error');
    },
  },
  {
    title: 'a review does not authenticate a modified token',
    run: async (api) => {
      const { metadata } = await account(api);
      const [header, , signature] = tokenOf(await done(requestToken(api, metadata.name))).split('.');
      const claims = Buffer.from(
        JSON.stringify({ aud: ['holdfast'], sub: 'system:serviceaccount:default:admin', exp: 4_000_000_000 }),
      ).toString('base64url');
      expect(
        (await review(api, [header, claims, signature].join('.'), ['holdfast'])).status.authenticated ?? false,
      ).toBe(false);
    },
  },
  {
    title: 'a review of a token that is bound to a pod has name and uid of the pod',
    run: async (api) => {
      const { metadata } = await account(api);
      const bound = await done(
        api.post(pods(api), pod({ name: uniqueName('pod') }, { serviceAccountName: metadata.name })),
      );
      const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: bound.metadata.name, uid: bound.metadata.uid };
      const { status } = await review(api, tokenOf(await done(requestToken(api, metadata.name, { boundObjectRef }))), [
        'holdfast',
      ]);
      expect(status.user).toMatchObject({
        extra: {
          'authentication.kubernetes.io/pod-name': [bound.metadata.name],
          'authentication.kubernetes.io/pod-uid': [bound.metadata.uid],
        },
      });
    },
  },
  {
    title: 'a token that is bound to a pod is invalid after the deletion of the pod',
    run: async (api) => {
      const { metadata } = await account(api);
      const bound = await done(
        api.post(pods(api), pod({ name: uniqueName('pod') }, { serviceAccountName: metadata.name })),
      );
      const token = tokenOf(
        await done(
          requestToken(api, metadata.name, {
            boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: bound.metadata.name },
          }),
        ),
      );
      await done(api.delete(pods(api, bound.metadata.name)));
      const { body } = await eventually(
        // A server may cache its response for some seconds.
        () => requestReview(api, token, ['holdfast', uniqueName('other')]),
        (answer) => answer.body.status.authenticated !== true,
      );
      expect(body.status).toHaveProperty('error');
    },
  },
  {
    title: 'a token cannot be bound to a missing pod',
    run: async (api) => {
      const { metadata } = await account(api);
      await expectRefused(
        requestToken(api, metadata.name, { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'missing' } }),
        { code: 404, reason: 'NotFound', message: /^pods "missing" not found$/ },
      );
    },
  },
  {
    title: 'a token cannot be bound to a pod of another ServiceAccount',
    run: async (api) => {
      const { metadata } = await account(api);
      const other = await done(api.post(pods(api), pod()));
      await expectRefused(
        requestToken(api, metadata.name, {
          boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: other.metadata.name },
        }),
        {
          code: 400,
          reason: 'BadRequest',
          message: /cannot bind token for serviceaccount .* to pod running with different serviceaccount name/,
        },
      );
    },
  },
  {
    title: 'a token for less than ten minutes is refused',
    run: async (api) => {
      const { metadata } = await account(api);
      await expectRefused(requestToken(api, metadata.name, { expirationSeconds: 60 }), {
        code: 422,
        reason: 'Invalid',
        message: /spec\.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes/,
      });
    },
  },
  {
    title: 'a token for a missing ServiceAccount is NotFound',
    run: (api) =>
      expectRefused(requestToken(api, 'missing'), {
        code: 404,
        reason: 'NotFound',
        message: /^serviceaccounts "missing" not found$/,
      }),
  },
  {
    title: 'a request with a token of a ServiceAccount is authenticated',
    run: async (api) => {
      const { metadata } = await account(api);
      const token = tokenOf(await done(requestToken(api, metadata.name, { audiences: [] })));
      const { status } = await api.request('GET', '/api/v1/namespaces', { token });
      // With RBAC it is forbidden, which is more than unauthenticated.
      expect([200, 403]).toContain(status);
    },
  },
  {
    title: 'an access review allows everything to the administrator',
    run: async (api) => {
      const spec = { resourceAttributes: { namespace: api.namespace, verb: 'delete', resource: 'pods' } };
      const body = await done(
        api.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec,
        }),
      );
      expect(body).toMatchObject({ kind: 'SelfSubjectAccessReview', status: { allowed: true } });
    },
  },
];
