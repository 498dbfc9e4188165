import { describe, expect, test } from '@jest/globals';
import { labelOf, proxyName } from '../../../../src/core/names/names.ts';

// RFC 1035, which Kubernetes requires of the name of a Service; and the value of a label.
const serviceName = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const labelValue = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

const gateways = [
  ['ordinary', 'web'],
  ['of one digit', '1'],
  ['with dots', 'shop.example.com'],
  ['of 55 characters, one more than fits', 'g'.repeat(55)],
  ['of 253 characters', `${'a'.repeat(125)}.${'b-'.repeat(63)}c`.slice(0, 253)],
  ['that ends in a hyphen where it is cut', `${'x'.repeat(36)}-${'y'.repeat(100)}`],
] as const;

describe('the proxy of a Gateway', () => {
  test.each(gateways)('has valid names if the name of the Gateway is %s', (_, gateway) => {
    expect(proxyName(gateway).length).toBeLessThanOrEqual(63);
    expect(proxyName(gateway)).toMatch(serviceName);
    expect(labelOf(gateway).length).toBeLessThanOrEqual(63);
    expect(labelOf(gateway)).toMatch(labelValue);
  });

  test('is named after its Gateway wherever that is possible', () => {
    expect(proxyName('web')).toBe('web-holdfast');
    expect(proxyName('g'.repeat(54))).toBe(`${'g'.repeat(54)}-holdfast`);
    expect(labelOf('g'.repeat(63))).toBe('g'.repeat(63));
  });

  test('never shares a name or a label with the proxy of another Gateway, even one whose name was chosen for that', () => {
    const others = gateways.flatMap(([, name]) => [name, `${name}x`, proxyName(name), labelOf(name).replace('_', '-')]);
    const names = new Set([...others, 'shop-example-com', 'shop.example-com']);
    expect(new Set([...names].map(proxyName)).size).toBe(names.size);
    expect(new Set([...names].map(labelOf)).size).toBe(names.size);
  });
});
