import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { describeTakenPorts, podPorts } from '../../../machine/pod-ports.ts';

test('every container port of the installation and the shop is checked before the demo starts', () => {
  const manifests = ['manifests/base/30-operator.yaml', 'manifests/samples/cart.yaml']
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const declared = [...manifests.matchAll(/containerPort: (\d+)/g)].map(([, port]) => Number(port));
  expect(declared.length).toBeGreaterThan(3);
  expect(declared.filter((port) => !podPorts.includes(port))).toEqual([]);
});

test('the message names all ports in use', () => {
  expect(describeTakenPorts([8080, 9090])).toMatch(
    /^ports 8080, 9090 are in use .* need them: .*To find it: ss -ltnp sport = :8080$/,
  );
});
