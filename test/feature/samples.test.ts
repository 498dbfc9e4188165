/** The samples, as the README and the guide pages apply them. */
import { readFileSync, readdirSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';
import { deployments, stickyWorkloads } from '../../src/kube/resources.ts';
import type { KubeObject } from '../../src/kube/ports.ts';

const folder = 'manifests/samples';
const samples = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

let world: OperatorWorld;
afterEach(() => world.stop());

/** The documents of a sample, in a namespace. */
const readSample = (name: string): KubeObject[] =>
  parseAllDocuments(readFileSync(`${folder}/${name}`, 'utf8')).map((document) => {
    const object = document.toJS() as KubeObject;
    return { ...object, metadata: { ...object.metadata, namespace: 'shop' } };
  });

describe('a sample', () => {
  test.each(samples)('%s is accepted as it is', async (name) => {
    world = createOperatorWorld();
    await world.start();
    const objects = readSample(name);
    const [workload, deployment] = ['StickyWorkload', 'Deployment'].map((kind) =>
      objects.find((one) => one.kind === kind),
    );
    if (workload === undefined || deployment === undefined) throw new Error('a sample has both');
    await world.after(() => {
      world.put(deployments, deployment);
      world.put(stickyWorkloads, workload);
    });
    const { status } = world.mustFind(stickyWorkloads, workload.metadata.name) as {
      status?: { conditions: { type: string; status: string; message: string }[] };
    };
    const accepted = status?.conditions.find(({ type }) => type === 'Accepted');
    expect({ status: accepted?.status, message: accepted?.message }).toMatchObject({ status: 'True' });
  });
});

describe('a guide page', () => {
  const guides = readdirSync('docs/guide').filter((name) => name.endsWith('.md'));
  const blocks = guides.flatMap((guide) =>
    [
      ...readFileSync(`docs/guide/${guide}`, 'utf8').matchAll(/^```yaml\n# (manifests\/samples\/\S+)\n(.*?)^```/gms),
    ].map(([, file = '', yaml = '']) => ({ guide, file, yaml })),
  );

  test('shows each sample other than the shop', () => {
    const shown = blocks.map(({ file }) => file).toSorted();
    expect(shown).toEqual(samples.filter((name) => name !== 'cart.yaml').map((name) => `${folder}/${name}`));
  });

  test.each(blocks)('$guide shows $file as it is', ({ file, yaml }) => {
    expect(readFileSync(file, 'utf8')).toContain(yaml);
  });
});
