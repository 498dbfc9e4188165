/** Invalid requests, field validation and dry runs. */
import { expect } from '@jest/globals';
import { uniqueName } from '../api.ts';
import { done, expectRefused, type Case } from '../case.ts';
import { configMap, configMaps, deployment, deployments } from '../objects.ts';

export const http: Case[] = [
  {
    title: 'a path outside of the API returns 404 in plain text',
    run: async (api) => {
      const { status, text } = await api.get('/nonsense');
      expect({ status, text }).toEqual({ status: 404, text: '404 page not found\n' });
    },
  },
  {
    title: 'a resource that does not exist returns 404 as a Status',
    run: (api) =>
      expectRefused(api.get('/apis/apps/v1/nonsense'), {
        code: 404,
        reason: 'NotFound',
        message: /^the server could not find the requested resource$/,
      }),
  },
  {
    title: 'a method that a collection does not support returns 405',
    run: (api) =>
      expectRefused(api.put(configMaps(api), {}), {
        code: 405,
        reason: 'MethodNotAllowed',
        message: /^the server does not allow this method on the requested resource$/,
      }),
  },
  {
    title: 'a POST to an object returns 405',
    run: (api) =>
      expectRefused(api.post(configMaps(api, 'any'), configMap()), { code: 405, reason: 'MethodNotAllowed' }),
  },
  {
    title: 'a request that accepts only an unsupported type returns 406',
    run: (api) =>
      expectRefused(api.request('GET', configMaps(api), { accept: 'text/html' }), {
        code: 406,
        reason: 'NotAcceptable',
        message: /^406: Not Acceptable/,
      }),
  },
  {
    title: 'a request that accepts */* returns JSON',
    run: async (api) => {
      expect(await done(api.request('GET', configMaps(api), { accept: '*/*' }))).toMatchObject({
        kind: 'ConfigMapList',
      });
    },
  },
  {
    title: 'the first supported type of several accepted ones is used',
    run: async (api) => {
      const { headers } = await api.request('GET', configMaps(api), { accept: 'text/html, application/json' });
      expect(headers['content-type']).toContain('application/json');
    },
  },
  {
    title: 'a body of an unsupported type returns 415',
    run: (api) =>
      expectRefused(api.request('POST', configMaps(api), { body: 'hello', contentType: 'text/plain' }), {
        code: 415,
        reason: 'UnsupportedMediaType',
        message: /the body of the request was in an unknown format - accepted media types include: application\/json/,
      }),
  },
  {
    title: 'a body that is not JSON is a BadRequest',
    run: (api) =>
      expectRefused(api.request('POST', configMaps(api), { body: '{"a' }), {
        code: 400,
        reason: 'BadRequest',
        message: /couldn't get version\/kind; json parse error/,
      }),
  },
  {
    title: 'an empty body is a BadRequest',
    run: (api) =>
      expectRefused(api.request('POST', configMaps(api), { body: '' }), { code: 400, reason: 'BadRequest' }),
  },
  {
    title: 'an array as a body is a BadRequest',
    run: (api) => expectRefused(api.post(configMaps(api), []), { code: 400, reason: 'BadRequest' }),
  },
  {
    title: 'an object of another kind is a BadRequest that names both',
    run: (api) =>
      expectRefused(api.post(configMaps(api), { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } }), {
        code: 400,
        reason: 'BadRequest',
        message: /Secret in version "v1" cannot be handled as a ConfigMap/,
      }),
  },
  {
    title: 'an object of another version is a BadRequest',
    run: (api) =>
      expectRefused(api.post(deployments(api), { ...deployment(), apiVersion: 'apps/v1beta1' }), {
        code: 400,
        reason: 'BadRequest',
        message:
          /no kind "Deployment" is registered for version "apps\/v1beta1"|does not match the expected API version/,
      }),
  },
  {
    title: 'a value of the wrong type is a BadRequest that names the field',
    run: (api) =>
      expectRefused(api.post(deployments(api), deployment({ name: uniqueName('web') }, { replicas: 'three' })), {
        code: 400,
        reason: 'BadRequest',
        message:
          /Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field \S*spec\.replicas of type int32/,
      }),
  },
  {
    title: 'an object can be read as YAML',
    run: async (api) => {
      const { metadata } = await done(api.post(configMaps(api), configMap()));
      const { text, headers } = await api.request('GET', configMaps(api, metadata.name), {
        accept: 'application/yaml',
      });
      expect(headers['content-type']).toContain('application/yaml');
      expect(text).toContain(`name: ${metadata.name}`);
    },
  },
];

export const fieldValidation: Case[] = [
  {
    title: 'the field validation Strict refuses an unknown field',
    run: (api) =>
      expectRefused(api.post(configMaps(api), { ...configMap(), nonsense: 1 }, { fieldValidation: 'Strict' }), {
        code: 400,
        reason: 'BadRequest',
        message: /strict decoding error: unknown field "nonsense"/,
      }),
  },
  {
    title: 'the field validation Strict names the paths of all unknown fields',
    run: (api) =>
      expectRefused(
        api.post(deployments(api), deployment({ name: uniqueName('web') }, { a: 1, strategy: { b: 2 } }), {
          fieldValidation: 'Strict',
        }),
        {
          code: 400,
          reason: 'BadRequest',
          message: /strict decoding error: unknown field "spec\.a", unknown field "spec\.strategy\.b"/,
        },
      ),
  },
  {
    title: 'the field validation Warn prunes an unknown field and sends a Warning header',
    run: async (api) => {
      const { status, body, headers } = await api.post(
        configMaps(api),
        { ...configMap(), nonsense: 1 },
        { fieldValidation: 'Warn' },
      );
      expect(status).toBe(201);
      expect(body).not.toHaveProperty('nonsense');
      expect(headers.warning).toBe('299 - "unknown field \\"nonsense\\""');
    },
  },
  {
    title: 'the field validation is Warn by default',
    run: async (api) => {
      const { status, headers } = await api.post(configMaps(api), { ...configMap(), nonsense: 1 });
      expect({ status, warned: String(headers.warning).includes('unknown field') }).toEqual({
        status: 201,
        warned: true,
      });
    },
  },
  {
    title: 'the field validation Ignore prunes an unknown field without a warning',
    run: async (api) => {
      const { status, body, headers } = await api.post(
        configMaps(api),
        { ...configMap(), nonsense: 1 },
        { fieldValidation: 'Ignore' },
      );
      expect({ status, warning: headers.warning }).toEqual({ status: 201, warning: undefined });
      expect(body).not.toHaveProperty('nonsense');
    },
  },
  {
    title: 'another field validation is refused',
    run: (api) =>
      expectRefused(api.post(configMaps(api), configMap(), { fieldValidation: 'Maybe' }), {
        code: 422,
        reason: 'Invalid',
        message: /fieldValidation: Unsupported value: "Maybe": supported values: "", "Ignore", "Strict", "Warn"/,
      }),
  },
  {
    title: 'the field validation Strict applies to merge patches',
    run: async (api) => {
      const { metadata } = await done(api.post(configMaps(api), configMap()));
      await expectRefused(
        api.patch('merge', configMaps(api, metadata.name), { nonsense: 1 }, { fieldValidation: 'Strict' }),
        { code: 422, reason: 'Invalid', message: /strict decoding error: unknown field "nonsense"/ },
      );
    },
  },
];

export const dryRun: Case[] = [
  {
    title: 'a dry run of a creation returns the whole object and stores nothing',
    run: async (api) => {
      const object = deployment();
      const { status, body } = await api.post(deployments(api), object, { dryRun: 'All' });
      expect(status).toBe(201);
      expect(body).toMatchObject({
        metadata: { name: object.metadata.name, generation: 1 },
        spec: { progressDeadlineSeconds: 600 },
      });
      expect((await api.get(deployments(api, object.metadata.name))).status).toBe(404);
    },
  },
  {
    title: 'a dry run of an update does not change the object',
    run: async (api) => {
      const before = await done(api.post(configMaps(api), configMap()));
      expect(
        (await done(api.put(configMaps(api, before.metadata.name), { ...before, data: { a: '2' } }, { dryRun: 'All' })))
          .data,
      ).toEqual({ a: '2' });
      expect(await done(api.get(configMaps(api, before.metadata.name)))).toEqual(before);
    },
  },
  {
    title: 'a dry run of a patch does not change the object',
    run: async (api) => {
      const before = await done(api.post(configMaps(api), configMap()));
      expect(
        (await done(api.patch('merge', configMaps(api, before.metadata.name), { data: { b: '2' } }, { dryRun: 'All' })))
          .data,
      ).toEqual({ a: '1', b: '2' });
      expect(await done(api.get(configMaps(api, before.metadata.name)))).toEqual(before);
    },
  },
  {
    title: 'a dry run of a deletion deletes nothing',
    run: async (api) => {
      const { metadata } = await done(api.post(configMaps(api), configMap()));
      expect((await api.delete(configMaps(api, metadata.name), undefined, { dryRun: 'All' })).status).toBe(200);
      expect((await api.get(configMaps(api, metadata.name))).status).toBe(200);
    },
  },
  {
    title: 'a dry run with an invalid object is refused',
    run: (api) =>
      expectRefused(api.post(configMaps(api), configMap({ name: 'A' }), { dryRun: 'All' }), {
        code: 422,
        reason: 'Invalid',
      }),
  },
  {
    title: 'a dryRun other than All is refused',
    run: (api) =>
      expectRefused(api.post(configMaps(api), configMap(), { dryRun: 'Some' }), {
        code: 422,
        reason: 'Invalid',
        message: /dryRun: Unsupported value: \["Some"\]: supported values: "All"/,
      }),
  },
];
