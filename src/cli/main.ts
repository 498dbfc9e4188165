#!/usr/bin/env node
/**
 * `holdfast COMMAND`. Only the code of the given command is loaded: the sidecar runs in every pod, and must not pay the memory of the
 * Kubernetes client.
 */
import { isCommand, renderCommandHelp, renderHelp, type CommandName } from './commands.ts';

const start: Record<CommandName, () => Promise<unknown>> = {
  operator: () => import('../operator/main.ts'),
  proxy: () => import('../dataplane/main.ts'),
  sidecar: () => import('../../sidecar/main.ts'),
  translate: () => import('./translate/main.ts'),
};

async function readVersion(): Promise<string> {
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
  return manifest.version;
}

const isHelp = (word: string | undefined): boolean => word === '--help' || word === '-h' || word === 'help';

async function run([name, ...rest]: readonly string[]): Promise<void> {
  if (isHelp(name)) {
    process.stdout.write(renderHelp());
  } else if (name === '--version') {
    process.stdout.write(`${await readVersion()}\n`);
  } else if (name !== undefined && isCommand(name)) {
    if (isHelp(rest[0])) process.stdout.write(renderCommandHelp(name));
    else await start[name]();
  } else if (name === 'demo') {
    process.stderr.write(
      'holdfast: the image does not contain the demo; run it from a checkout of the repository: npm ci && npm run demo\n',
    );
    process.exitCode = 2;
  } else {
    process.stderr.write(
      name === undefined
        ? renderHelp()
        : `holdfast: unknown command ${JSON.stringify(name)}; "holdfast --help" lists the commands\n`,
    );
    process.exitCode = 2;
  }
}

await run(process.argv.slice(2));
