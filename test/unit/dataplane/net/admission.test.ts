import { describe, expect, test } from '@jest/globals';
import { createAdmission } from '../../../../src/dataplane/net/admission.ts';

function limited(limits: { connections?: number; connectionsPerAddress?: number; exempt?: string[] }) {
  const admission = createAdmission();
  admission.configure({ connections: 100, connectionsPerAddress: 100, exempt: [], ...limits });
  return admission;
}

describe('the limit of all connections', () => {
  test('refuses the next connection from any address until one closes', () => {
    const admission = limited({ connections: 2 });
    expect([admission.admit('192.0.2.1'), admission.admit('192.0.2.2')]).toEqual([undefined, undefined]);
    expect(admission.admit('192.0.2.3')).toBe('connections');
    admission.release('192.0.2.1');
    expect(admission.admit('192.0.2.3')).toBeUndefined();
  });
});

describe('the limit per address', () => {
  test('refuses one address and admits others', () => {
    const admission = limited({ connectionsPerAddress: 1 });
    expect(admission.admit('192.0.2.1')).toBeUndefined();
    expect(admission.admit('192.0.2.1')).toBe('connectionsPerAddress');
    expect(admission.admit('192.0.2.2')).toBeUndefined();
    admission.release('192.0.2.1');
    expect(admission.admit('192.0.2.1')).toBeUndefined();
  });

  test('does not apply to the addresses of trusted proxies, which stand for many clients', () => {
    const admission = limited({ connections: 3, connectionsPerAddress: 1, exempt: ['10.0.0.0/8', 'fd00::/8'] });
    expect([admission.admit('10.1.2.3'), admission.admit('10.1.2.3'), admission.admit('fd00::1')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(admission.admit('fd00::1')).toBe('connections');
  });

  test('that is lowered closes no connection and refuses new ones', () => {
    const admission = limited({});
    for (let count = 0; count < 3; count += 1) admission.admit('192.0.2.1');
    admission.configure({ connections: 100, connectionsPerAddress: 2, exempt: [] });
    admission.release('192.0.2.1');
    expect(admission.admit('192.0.2.1')).toBe('connectionsPerAddress');
    admission.release('192.0.2.1');
    expect(admission.admit('192.0.2.1')).toBeUndefined();
  });
});
