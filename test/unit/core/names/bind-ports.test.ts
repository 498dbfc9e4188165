import { describe, expect, test } from '@jest/globals';
import { bindPorts } from '../../../../src/core/names/bind-ports.ts';
import { ports } from '../../../../src/core/names/names.ts';

const everyPort = Array.from({ length: 65_535 }, (_, index) => index + 1);

describe('the ports that a proxy binds', () => {
  test('are unprivileged, and none is its admin port', () => {
    const unusable = everyPort.filter((port) => {
      const bound = bindPorts([port]).get(port) ?? 0;
      return bound < 1024 || bound > 65_535 || bound === ports.admin;
    });
    expect(unusable).toEqual([]);
  });

  test.each<[string, number[]]>([
    ['80 and 10080', [80, 10_080]],
    ['443, 10443 and the port that 10443 displaces', [443, 10_443, 64_955]],
    ['9090 and the port that it displaces', [9090, 64_512]],
    ['the highest ports, which are displaced in a circle', [1023, 11_023, 65_535, 65_534, 64_512, 9090]],
    ['64 listeners below 1024 and their counterparts', everyPort.slice(0, 64).flatMap((port) => [port, port + 10_000])],
  ])('differ for %s', (_, listenerPorts) => {
    const bound = bindPorts(listenerPorts);
    expect(new Set(bound.values()).size).toBe(listenerPorts.length);
    const unusable = [...bound.values()].filter((port) => port < 1024 || port > 65_535 || port === ports.admin);
    expect(unusable).toEqual([]);
  });

  test('of a listener stay the same whatever listeners are added', () => {
    const alone = everyPort.filter((port) => port < 64_512);
    const together = bindPorts(everyPort.slice(0, 64_000));
    const moved = alone.filter((port) => together.has(port) && bindPorts([port]).get(port) !== together.get(port));
    expect(moved).toEqual([]);
  });

  test('are the ports of the listeners where the proxy may bind these', () => {
    expect(bindPorts([8080, 8443])).toEqual(
      new Map([
        [8080, 8080],
        [8443, 8443],
      ]),
    );
  });
});
