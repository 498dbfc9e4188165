import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { describeTakenPorts, podPorts } from '../../../machine/pod-ports.ts';

test('every port that the installation and the shop declare is looked at before the demo starts', () => {
  const manifests = ['manifests/base/30-operator.yaml', 'manifests/samples/cart.yaml']
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const declared = [...manifests.matchAll(/containerPort: (\d+)/g)].map(([, port]) => Number(port));
  expect(declared.length).toBeGreaterThan(3);
  expect(declared.filter((port) => !podPorts.includes(port))).toEqual([]);
});

test('all ports that are taken are named at once', () => {
  expect(describeTakenPorts([8080, 9090])).toMatch(
    /^the ports 8080, 9090 are taken .*"ss -ltnp sport = :8080" says which it is$/,
  );
});
