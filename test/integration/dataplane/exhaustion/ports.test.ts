/** One client takes every local port towards its pod: the other sessions of that healthy pod are not lost. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { Answer } from './customers.ts';

const inNamespace = (command: string) => ['-rn', 'sh', '-c', `ip link set lo up && ${command}`];
const hasNamespaces = process.platform === 'linux' && spawnSync('unshare', inNamespace('true')).status === 0;
const inNetworkNamespace = hasNamespaces ? test : test.skip;
if (!hasNamespaces) process.stdout.write('skipped: local ports that run out need unshare and ip\n');

type Outcome = {
  victims: number;
  during: Answer[];
  newcomers: number;
  newcomersOnVictimsPod: number;
  lost: number;
  metrics: string;
};

inNetworkNamespace(
  'local ports that run out towards one pod: 503 with Retry-After for its sessions, which are kept',
  async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'ports-'));
    const program = fileURLToPath(new URL('ports-child.ts', import.meta.url));
    const child = spawn(
      'unshare',
      [...inNamespace('exec "$0" "$@"'), process.execPath, program, path.join(folder, 'table.json')],
      { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
    );
    try {
      const [outcome] = (await once(child, 'message')) as [Outcome];
      expect(outcome.victims).toBeGreaterThan(0);
      for (const answer of outcome.during) {
        expect(answer).toMatchObject({ status: 503, retryAfter: '2' });
        expect(answer.setCookie).toBeUndefined();
        expect(answer.body).toContain('This proxy has no free file, port or memory');
      }
      expect(outcome).toMatchObject({ lost: 0, newcomers: 3, newcomersOnVictimsPod: 0 });
      expect(outcome.metrics).toMatch(/^holdfast_upstream_local_errors_total\{error="EADDRNOTAVAIL"\} [1-9]/m);
      expect(outcome.metrics).toMatch(/^holdfast_endpoints_ejected\{.*\} 0$/m);
      expect(outcome.metrics).toMatch(/^holdfast_upstream_connect_failures_total 0$/m);
    } finally {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true });
    }
  },
  120_000,
);
