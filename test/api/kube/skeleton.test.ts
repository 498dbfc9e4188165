import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import dot from '@dot-i/k8s-operator';
import { KubeConfig } from '@kubernetes/client-node';
import { createOperatorProcess, HoldfastOperator } from '../../../src/kube/live/skeleton.ts';
import { createMemoryLogger } from '../../support/memory-logger.ts';

/** Its base class is written for another version of the client: these members would exit the process or report a false result. Needs no API server. */
describe('the operator process', () => {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromClusterAndUser(
    { name: 'c', server: 'https://api.example:6443', skipTLSVerify: false },
    { name: 'u' },
  );
  let exit: jest.SpiedFunction<typeof process.exit>;

  beforeEach(() => {
    exit = jest.spyOn(process, 'exit').mockImplementation(() => {
      throw new Error('exited');
    });
  });
  afterEach(() => {
    expect(exit).not.toHaveBeenCalled();
    exit.mockRestore();
  });

  function setUp(stop: () => Promise<void> = async () => {}) {
    const calls: string[] = [];
    const logger = createMemoryLogger();
    const parts = {
      start: async () => {
        calls.push('start');
      },
      stop: async () => {
        calls.push('stop');
        await stop();
      },
    };
    return { calls, logger, operator: createOperatorProcess(kubeConfig, logger, parts) };
  }

  test('starts and stops its operator, and stops it once', async () => {
    const { operator, calls } = setUp();
    await operator.start();
    await Promise.all([operator.stop(), operator.stop()]);
    expect(calls).toEqual(['start', 'stop']);
  });

  test('passes a failure to stop to the caller', async () => {
    const { operator } = setUp(async () => {
      throw new Error('stuck');
    });
    await expect(operator.stop()).rejects.toThrow('stuck');
  });

  test('logs a failure to stop that no caller awaits, without an unhandled rejection', async () => {
    const logger = createMemoryLogger();
    const operator = new HoldfastOperator(kubeConfig, logger, {
      start: async () => {},
      stop: () => Promise.reject(new Error('stuck')),
    });
    operator.stop();
    await new Promise(setImmediate);
    expect(logger.lines()).toMatchObject([{ level: 'error', fields: { text: 'stuck' } }]);
  });

  /** Gives access to protected members. */
  class Probe extends HoldfastOperator {
    members = {
      watchResource: () => this.watchResource(),
      registerCustomResourceDefinition: () => this.registerCustomResourceDefinition(),
      setResourceStatus: () => this.setResourceStatus(),
      patchResourceStatus: () => this.patchResourceStatus(),
      setResourceFinalizers: () => this.setResourceFinalizers(),
      handleResourceFinalizer: () => {
        const meta = { id: 'x', name: 'x', resourceVersion: '1', apiVersion: 'v1', kind: 'X' };
        const event = { meta, type: dot.ResourceEventType.Added, object: { metadata: {} } };
        return this.handleResourceFinalizer(event, 'holdfast.dev/x', async () => {});
      },
    };
    uri = (group: string, namespace?: string) => this.getCustomResourceApiUri(group, 'v1', 'things', namespace);
  }
  const probe = new Probe(kubeConfig, createMemoryLogger(), { start: async () => {}, stop: async () => {} });

  test.each(Object.entries(probe.members))(
    'rejects a call of %s, instead of exiting the process or reporting a false result',
    async (_name, call) => {
      await expect(call()).rejects.toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('; use ') });
    },
  );

  test.each([
    { group: 'holdfast.dev', namespace: 'a', uri: 'https://api.example:6443/apis/holdfast.dev/v1/namespaces/a/things' },
    { group: '', namespace: undefined, uri: 'https://api.example:6443/api/v1/things' },
  ])('has the resource at $uri', ({ group, namespace, uri }) => {
    expect(probe.uri(group, namespace)).toBe(uri);
  });
});
