#!/usr/bin/env node
/**
 * `holdfast COMMAND`. Each part is loaded only when it is the one to run: the sidecar stands in every pod, and must not
 * pay for the Kubernetes client.
 */
type Command = { summary: string; start: () => Promise<unknown> };

const commands: Record<string, Command> = {
  operator: { summary: 'reconcile StickyWorkloads and serve the routing table', start: () => import('../operator/main.ts') },
  proxy: { summary: 'route each request to the pod that owns its session', start: () => import('../dataplane/main.ts') },
  sidecar: { summary: "hold a pod's preStop hook until its sessions are over", start: () => import('../../sidecar/main.ts') },
};

function renderHelp(): string {
  const list = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
  return ['Usage: holdfast COMMAND', '', 'Commands:', ...list, '', 'Options:', '  --help     show this', '  --version  show the version', ''].join('\n');
}

async function readVersion(): Promise<string> {
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
  return manifest.version;
}

async function run(name: string | undefined): Promise<void> {
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(renderHelp());
    return;
  }
  if (name === '--version') {
    process.stdout.write(`${await readVersion()}\n`);
    return;
  }
  const command = name === undefined ? undefined : Object.entries(commands).find(([known]) => known === name)?.[1];
  if (command) {
    await command.start();
    return;
  }
  process.stderr.write(name === undefined ? renderHelp() : `holdfast: unknown command ${JSON.stringify(name)}; "holdfast --help" lists the commands\n`);
  process.exitCode = 2;
}

await run(process.argv[2]);
