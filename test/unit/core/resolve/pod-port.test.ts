import { describe, expect, test } from '@jest/globals';
import { choosePodPort, chooseServicePort, findExitMs } from '../../../../src/core/resolve/pod-port.ts';
import type { PodPort } from '../../../../src/core/snapshot/snapshot.ts';

type Port = Omit<PodPort, 'container'>;
const pod = (...ports: Port[]) => ({ ports: ports.map((port) => ({ ...port, container: 'app' })), ready: true });

describe('the port of a pod', () => {
  const rows: [
    sentence: string,
    asked: number | string | undefined,
    template: Port[],
    own: Port[],
    port: number | undefined,
  ][] = [
    ['its own only port, whatever the newest template says', 9191, [{ port: 9191 }], [{ port: 8080 }], 8080],
    ['its own only port if the target port is not set', undefined, [], [{ port: 8080 }], 8080],
    [
      'its own only port also with another name',
      'http',
      [{ port: 9191, name: 'http' }],
      [{ port: 8080, name: 'web' }],
      8080,
    ],
    [
      'its own only port while the target port has the name in its template, and the newest one has another',
      'web',
      [{ port: 9191, name: 'http' }],
      [{ port: 8080, name: 'web' }],
      8080,
    ],
    [
      'the one of the same name, among several',
      9191,
      [{ port: 9191, name: 'http' }],
      [
        { port: 8080, name: 'http' },
        { port: 9191, name: 'metrics' },
      ],
      8080,
    ],
    [
      'the one that is no other port of the template, after the number changed',
      9191,
      [{ port: 9191 }, { port: 9090 }],
      [{ port: 8080 }, { port: 9090 }],
      8080,
    ],
    [
      'the one that is no other port of the template, after the number changed back',
      8080,
      [{ port: 8080 }, { port: 9090 }],
      [{ port: 9191 }, { port: 9090 }],
      9191,
    ],
    [
      'the one that is no other port of the template, after name and number changed',
      'http',
      [
        { port: 9191, name: 'http' },
        { port: 9100, name: 'metrics' },
      ],
      [
        { port: 8080, name: 'web' },
        { port: 9090, name: 'metrics' },
      ],
      8080,
    ],
    [
      'the one that is no other port of the template, after name and number changed back',
      'web',
      [
        { port: 8080, name: 'web' },
        { port: 9090, name: 'metrics' },
      ],
      [
        { port: 9191, name: 'http' },
        { port: 9100, name: 'metrics' },
      ],
      9191,
    ],
    [
      'the one with the name of the only port of the template, if the target port is not set',
      undefined,
      [{ port: 9191, name: 'http' }],
      [
        { port: 8080, name: 'http' },
        { port: 9090, name: 'metrics' },
      ],
      8080,
    ],
    [
      'the number if its only port is another one, and only the newest template declares the number',
      8080,
      [
        { port: 8080, name: 'http' },
        { port: 9090, name: 'metrics' },
      ],
      [{ port: 9090, name: 'metrics' }],
      8080,
    ],
    ['the one of the same number, among several', 8080, [{ port: 8080 }], [{ port: 9090 }, { port: 8080 }], 8080],
    [
      'a number that no template declares',
      8080,
      [{ port: 9090, name: 'metrics' }],
      [{ port: 9090, name: 'metrics' }],
      8080,
    ],
    ['the number if the pod declares no port', 8080, [{ port: 8080 }], [], 8080],
    ['unknown if it has several and none is named', undefined, [], [{ port: 8080 }, { port: 9090 }], undefined],
  ];
  test.each(rows)('is %s', (...[, asked, template, own, expected]) => {
    expect(choosePodPort(asked, template, pod(...own))?.port).toBe(expected);
  });
});

describe('the target port of the Service', () => {
  const [old, next] = [8080, 9191];
  test('is the number while all pods have it', () => {
    expect(chooseServicePort(old, [{ port: old, name: 'http' }], [pod({ port: old, name: 'http' })])).toBe(old);
    expect(chooseServicePort(old, [{ port: old }], [])).toBe(old);
  });

  test('is the name while pods of two templates share it', () => {
    const pods = [pod({ port: old, name: 'http' }), pod({ port: next, name: 'http' })];
    expect(chooseServicePort(next, [{ port: next, name: 'http' }], pods)).toBe('http');
  });

  test('is the number of most ready pods while their ports have no name', () => {
    const starting = { ...pod({ port: next }), ready: false };
    expect(chooseServicePort(next, [{ port: next }], [pod({ port: old })])).toBe(old);
    expect(chooseServicePort(next, [{ port: next }], [pod({ port: old }), starting, starting])).toBe(old);
    const replaced = [pod({ port: old }), pod({ port: next }), pod({ port: next })];
    expect(chooseServicePort(next, [{ port: next }], replaced)).toBe(next);
  });
});

describe('the exit of the app in a terminating pod', () => {
  const sidecar = { endings: 0, appRuns: true };
  test('is that of the container with the port', () => {
    expect(findExitMs({ exits: { app: 7 } }, { port: 80, container: 'app' })).toBe(7);
    expect(findExitMs({ exits: { helper: 7 } }, { port: 80, container: 'app' })).toBeUndefined();
    expect(findExitMs({}, { port: 80, container: 'app' })).toBeUndefined();
  });

  test('is that of the last container if none declares the port', () => {
    expect(findExitMs({ exits: { a: 7, b: 9 }, sidecar: { ...sidecar, appRuns: false } }, { port: 80 })).toBe(9);
    expect(findExitMs({ exits: { a: 7 }, sidecar }, { port: 80 })).toBeUndefined();
  });
});
