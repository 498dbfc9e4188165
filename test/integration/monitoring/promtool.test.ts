import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';

const promtool = (...args: string[]) => spawnSync('promtool', args, { encoding: 'utf8' });
const isThere = promtool('--version').status === 0;
const title = isThere
  ? 'Prometheus reads the alert rules'
  : 'Prometheus reads the alert rules [skipped, because promtool is not there: get it with the package prometheus]';

(isThere ? describe : describe.skip)(title, () => {
  test('promtool check rules', () => {
    const { status, stdout, stderr } = promtool('check', 'rules', 'manifests/monitoring/alerts.yaml');
    expect({ status, stderr, found: stdout.includes('SUCCESS') }).toEqual({ status: 0, stderr: '', found: true });
  });

  test('promtool test rules: each fires when it should, and not before', () => {
    const { status, stdout, stderr } = promtool('test', 'rules', 'manifests/monitoring/alerts.test.yaml');
    expect({ status, failures: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, failures: '' });
  });
});
