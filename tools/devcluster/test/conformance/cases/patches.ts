/** JSON, merge and strategic merge patches. */
import { expect } from '@jest/globals';
import type { Body } from '../body.ts';
import { uniqueName, type ConformanceApi, type PatchType } from '../api.ts';
import { done, expectRefused, type Case, type Refusal } from '../case.ts';
import { configMap, configMaps, deployment, deployments } from '../objects.ts';

type Result = { labels?: Record<string, string>; data?: Record<string, string> };
type MapRow = { title: string; type: PatchType; patch: unknown } & ({ result: Result } | { refused: Refusal });

const mapRows: MapRow[] = [
  {
    title: 'a merge patch adds, changes, and removes by null',
    type: 'merge',
    patch: { data: { a: '2', b: null, d: '4' } },
    result: { data: { a: '2', c: '3', d: '4' } },
  },
  {
    title: 'an empty merge patch changes nothing',
    type: 'merge',
    patch: {},
    result: { data: { a: '1', b: '2', c: '3' } },
  },
  {
    title: 'a merge patch of a whole map to null removes it',
    type: 'merge',
    patch: { metadata: { labels: null } },
    result: {},
  },
  {
    title: 'a JSON patch replaces',
    type: 'json',
    patch: [{ op: 'replace', path: '/data/a', value: '2' }],
    result: { data: { a: '2', b: '2', c: '3' } },
  },
  {
    title: 'a JSON patch adds and removes in order',
    type: 'json',
    patch: [
      { op: 'add', path: '/data/d', value: '4' },
      { op: 'remove', path: '/data/a' },
    ],
    result: { data: { b: '2', c: '3', d: '4' } },
  },
  {
    title: 'a JSON patch moves and copies',
    type: 'json',
    patch: [
      { op: 'move', from: '/data/a', path: '/data/x' },
      { op: 'copy', from: '/data/b', path: '/data/y' },
    ],
    result: { data: { x: '1', b: '2', y: '2', c: '3' } },
  },
  {
    title: 'a JSON patch whose test succeeds is applied',
    type: 'json',
    patch: [
      { op: 'test', path: '/data/a', value: '1' },
      { op: 'remove', path: '/data/b' },
    ],
    result: { data: { a: '1', c: '3' } },
  },
  {
    title: 'a JSON patch escapes a slash in a key as ~1',
    type: 'json',
    patch: [{ op: 'add', path: '/metadata/labels/example.test~1part', value: 'x' }],
    result: { labels: { own: 'yes', 'example.test/part': 'x' } },
  },
  {
    title: 'a JSON patch whose test fails changes nothing',
    type: 'json',
    patch: [
      { op: 'remove', path: '/data/b' },
      { op: 'test', path: '/data/a', value: '9' },
    ],
    refused: {
      code: 422,
      reason: 'Invalid',
      message: /the server rejected our request due to an error in our request/,
    },
  },
  {
    title: 'a JSON patch that removes a missing field is refused',
    type: 'json',
    patch: [{ op: 'remove', path: '/data/nothing' }],
    refused: {
      code: 422,
      reason: 'Invalid',
      message: /the server rejected our request due to an error in our request/,
    },
  },
  {
    title: 'a JSON patch that is an object is a BadRequest',
    type: 'json',
    patch: { op: 'remove', path: '/data/a' },
    refused: { code: 400, reason: 'BadRequest' },
  },
  {
    title: 'a patch that makes the object invalid is refused',
    type: 'merge',
    patch: { metadata: { labels: { own: 'b c' } } },
    refused: {
      code: 422,
      reason: 'Invalid',
      message: /metadata\.labels: Invalid value: "b c": a valid label must be an empty string or consist of/,
    },
  },
  {
    title: 'a merge patch that is an array is a BadRequest',
    type: 'merge',
    patch: [],
    refused: { code: 400, reason: 'BadRequest' },
  },
  {
    title: 'a merge patch that is not JSON is a BadRequest',
    type: 'merge',
    patch: '{"data":',
    refused: { code: 400, reason: 'BadRequest' },
  },
  {
    title: 'a patch cannot rename an object',
    type: 'merge',
    patch: { metadata: { name: 'other' } },
    refused: {
      code: 400,
      reason: 'BadRequest',
      message: /the name of the object \(other\) does not match the name on the URL/,
    },
  },
  {
    title: 'a patch with a value of the wrong type is refused',
    type: 'merge',
    patch: { data: { a: { b: 'c' } } },
    refused: {
      code: 422,
      reason: 'Invalid',
      message: /patch: Invalid value: .*cannot unmarshal object into Go struct field \S*data\S* of type string/,
      field: 'patch',
    },
  },
  {
    title: 'a patch with an old resource version is a Conflict',
    type: 'merge',
    patch: { metadata: { resourceVersion: '1' }, data: { a: '2' } },
    refused: { code: 409, reason: 'Conflict', message: /the object has been modified/ },
  },
  {
    title: 'a patch cannot change the uid',
    type: 'merge',
    patch: { metadata: { uid: '00000000-0000-4000-8000-000000000000' } },
    refused: { code: 422, reason: 'Invalid', message: /metadata\.uid: Invalid value: "0{8}-.*": field is immutable/ },
  },
];

const mapCases = mapRows.map((row): Case => ({
  title: row.title,
  run: async (api) => {
    const { metadata } = await done(
      api.post(
        configMaps(api),
        configMap({ name: uniqueName('map'), labels: { own: 'yes' } }, { a: '1', b: '2', c: '3' }),
      ),
    );
    const answer = api.patch(row.type, configMaps(api, metadata.name), row.patch);
    if ('refused' in row) return expectRefused(answer, row.refused);
    const body = await done(answer);
    if (row.result.data) expect(body.data).toEqual(row.result.data);
    else expect(body.metadata.labels).toEqual(row.result.labels);
  },
}));

const containers = [
  {
    name: 'app',
    image: 'example.test/app:1',
    env: [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ],
    ports: [{ containerPort: 80, protocol: 'TCP' }],
  },
  { name: 'helper', image: 'example.test/helper:1' },
];

const template = (spec: object): object => ({ spec: { template: { spec } } });

type DeploymentRow = {
  title: string;
  type: PatchType;
  patch: unknown;
  expected: (spec: Containers) => unknown;
  to: unknown;
};
type Containers = {
  containers: { name: string; image: string; env?: { name: string; value: string }[] }[];
  nodeSelector?: object;
  volumes?: { name: string }[];
} & Record<string, unknown>;

const images = (spec: Containers): unknown => spec.containers.map(({ name, image }) => `${name}=${image}`);

const deploymentRows: DeploymentRow[] = [
  {
    title: 'a merge patch replaces the whole list of containers',
    type: 'merge',
    patch: template({ containers: [{ name: 'helper', image: 'new' }] }),
    expected: images,
    to: ['helper=new'],
  },
  {
    title: 'a JSON patch appends to a list with a dash',
    type: 'json',
    patch: [{ op: 'add', path: '/spec/template/spec/containers/-', value: { name: 'third', image: 'third:1' } }],
    expected: images,
    to: ['app=example.test/app:1', 'helper=example.test/helper:1', 'third=third:1'],
  },
];

const deploymentCases = deploymentRows.map(({ title, type, patch, expected, to }): Case => ({
  title,
  run: async (api) => {
    const labels = { app: uniqueName('web') };
    const { metadata } = await done(
      api.post(
        deployments(api),
        deployment(
          { name: labels.app },
          { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
        ),
      ),
    );
    const body = await done(api.patch(type, deployments(api, metadata.name), patch));
    expect(expected(podSpec(body, title))).toEqual(to);
  },
}));

/** The pod template's spec, and the strategy where a case is about that. */
function podSpec({ spec }: Body, title: string): Containers {
  const {
    template: { spec: ofPods },
    strategy,
  } = spec as { template: { spec: Containers }; strategy: unknown };
  return title.includes('$retainKeys') ? { ...ofPods, strategy } : ofPods;
}

const further: Case[] = [
  {
    title: 'a patch of a missing object is NotFound',
    run: (api) =>
      expectRefused(api.patch('merge', configMaps(api, 'missing'), { data: {} }), {
        code: 404,
        reason: 'NotFound',
        message: /^configmaps "missing" not found$/,
      }),
  },
  {
    title: 'a patch of an unsupported type returns 415',
    run: async (api: ConformanceApi) => {
      const { metadata } = await done(api.post(configMaps(api), configMap()));
      await expectRefused(
        api.request('PATCH', configMaps(api, metadata.name), { body: {}, contentType: 'application/json' }),
        {
          code: 415,
          reason: 'UnsupportedMediaType',
          message: /^415: Unsupported Media Type$/,
        },
      );
    },
  },
];

export const patches: Case[] = [...mapCases, ...deploymentCases, ...further];
