import { describe, expect, test } from '@jest/globals';
import { createAdmission, type Admission, type Place } from '../../../../src/dataplane/net/admission.ts';

function limited(limits: { connections?: number; connectionsPerAddress?: number; exempt?: string[] }) {
  const admission = createAdmission();
  admission.configure({ connections: 100, connectionsPerAddress: 100, exempt: [], ...limits });
  return admission;
}

function admitted(admission: Admission, address: string): Place {
  const place = admission.admit(address);
  if (typeof place === 'string') throw new Error(`${address} exceeds ${place}`);
  return place;
}

describe('the limit of all connections', () => {
  test('refuses the next connection from any address until one closes', () => {
    const admission = limited({ connections: 2 });
    const [first] = [admitted(admission, '192.0.2.1'), admitted(admission, '192.0.2.2')];
    expect(admission.admit('192.0.2.3')).toBe('connections');
    first.release();
    admitted(admission, '192.0.2.3');
  });
});

describe('the limit per address', () => {
  test('refuses one address and admits others', () => {
    const admission = limited({ connectionsPerAddress: 1 });
    const first = admitted(admission, '192.0.2.1');
    expect(admission.admit('192.0.2.1')).toBe('connectionsPerAddress');
    admitted(admission, '192.0.2.2');
    first.release();
    admitted(admission, '192.0.2.1');
  });

  test('does not apply to the addresses of trusted proxies, which stand for many clients', () => {
    const admission = limited({ connections: 3, connectionsPerAddress: 1, exempt: ['10.0.0.0/8', 'fd00::/8'] });
    for (const address of ['10.1.2.3', '10.1.2.3', 'fd00::1']) admitted(admission, address);
    expect(admission.admit('fd00::1')).toBe('connections');
  });

  test('counts the addresses of one /64 of IPv6 as one: a client may use all of them', () => {
    const admission = limited({ connectionsPerAddress: 1 });
    const first = admitted(admission, '2001:db8:0:1::1');
    expect(admission.admit('2001:db8:0:1:ffff::2')).toBe('connectionsPerAddress');
    expect(admitted(admission, '192.0.2.1').moveTo('2001:DB8::1:0:0:0:3')).toBe(false);
    admitted(admission, '2001:db8:0:2::1');
    first.release();
    admitted(admission, '2001:db8:0:1:ffff::2');
  });

  test('does not count the connections of a trusted proxy as those of clients in its /64', () => {
    const admission = limited({ connectionsPerAddress: 1, exempt: ['2001:db8::1/128'] });
    for (let connection = 0; connection < 3; connection += 1) admitted(admission, '2001:db8::1');
    admitted(admission, '2001:db8::2');
    expect(admission.admit('2001:db8::3')).toBe('connectionsPerAddress');
  });

  test('that is lowered closes no connection and refuses new ones', () => {
    const admission = limited({});
    const [first, second] = [1, 2, 3].map(() => admitted(admission, '192.0.2.1'));
    admission.configure({ connections: 100, connectionsPerAddress: 2, exempt: [] });
    first?.release();
    expect(admission.admit('192.0.2.1')).toBe('connectionsPerAddress');
    second?.release();
    admitted(admission, '192.0.2.1');
  });

  test('applies to the client that a trusted proxy names, and no longer to the proxy', () => {
    const admission = limited({ connectionsPerAddress: 1 });
    const first = admitted(admission, '10.0.0.1');
    expect(first.moveTo('192.0.2.1')).toBe(true);
    const second = admitted(admission, '10.0.0.1');
    expect(second.moveTo('192.0.2.1')).toBe(false);
    expect(second.moveTo('192.0.2.2')).toBe(true);
    first.release();
    expect(admitted(admission, '10.0.0.1').moveTo('192.0.2.1')).toBe(true);
    expect(admission.admit('192.0.2.2')).toBe('connectionsPerAddress');
  });
});
