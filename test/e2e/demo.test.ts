/** The demo on an existing cluster, started as a user starts it, and what it leaves there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { describeWithCluster } from '../support/full-cluster.ts';
import { kubectl } from '../support/kubectl.ts';
import { untilNoneTerminates } from '../support/namespaces.ts';

/** After this the demo is stopped as by Ctrl-C: it removes its objects, so that later tests find the cluster as it was. */
const limitMs = 200_000;

async function runDemo(...args: string[]): Promise<{ code: unknown; output: string }> {
  const child = spawn(process.execPath, ['tools/demo/main.ts', '--plain', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const timer = setTimeout(() => child.kill('SIGINT'), limitMs);
  const [code] = (await once(child, 'exit')) as unknown[];
  clearTimeout(timer);
  return { code, output };
}

/** Returns the objects that the demo could leave behind. Waits until namespaces of earlier tests have terminated. */
async function traces(): Promise<string> {
  await untilNoneTerminates();
  return kubectl('get', 'namespaces,crds,clusterroles,clusterrolebindings,mutatingwebhookconfigurations', '-o', 'name');
}

describeWithCluster('npm run demo -- --context', () => {
  test('runs on the cluster, loses no session, and removes all that it created', async () => {
    const before = await traces();
    const context = (await kubectl('config', 'current-context')).trim();
    const { code, output } = await runDemo('--context', context, '--duration', '15', '--sessions', '30');
    process.stdout.write(`${JSON.stringify({ run: 'demo', last: output.trimEnd().split('\n').at(-1) })}\n`);
    expect(output.trimEnd()).toMatch(/\nsessions: (\d+) started, \1 ended, 0 lost$/);
    expect(output).toContain('PodTerminating');
    expect(code).toBe(0);
    expect(await traces()).toBe(before);
  }, 500_000);

  test('refuses a namespace that exists', async () => {
    await kubectl('create', 'namespace', 'holdfast-demo');
    const before = await traces();
    const context = (await kubectl('config', 'current-context')).trim();
    const { code, output } = await runDemo('--context', context);
    expect(output).toContain('Namespace holdfast-demo already exists and was not created by this demo');
    expect(code).toBe(1);
    expect(await traces()).toBe(before);
    await kubectl('delete', 'namespace', 'holdfast-demo');
  }, 120_000);

  test('names the contexts of the kubeconfig when the given one does not exist', async () => {
    const { code, output } = await runDemo('--context', 'nowhere');
    expect(output).toContain('the kubeconfig has no context "nowhere", it has ');
    expect(code).toBe(1);
  }, 60_000);
});
