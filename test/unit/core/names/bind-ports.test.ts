import { describe, expect, test } from '@jest/globals';
import { bindPort } from '../../../../src/core/names/bind-ports.ts';
import { ports } from '../../../../src/core/names/names.ts';

const everyPort = Array.from({ length: 65_535 }, (_, index) => index + 1);

describe('the port that a proxy binds for a listener', () => {
  test('is unprivileged, and not its admin port', () => {
    const unusable = everyPort.filter((port) => {
      const bound = bindPort(port);
      return bound < 1024 || bound > 65_535 || bound === ports.admin;
    });
    expect(unusable).toEqual([]);
  });

  test('differs from that of every other port below 64512', () => {
    expect(new Set(everyPort.slice(0, 64_511).map(bindPort)).size).toBe(64_511);
  });

  test('is the port of the listener where the proxy may bind it', () => {
    expect([8080, 8443, 64_512, 65_535].map(bindPort)).toEqual([8080, 8443, 64_512, 65_535]);
  });
});
