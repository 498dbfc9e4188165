/** h2spec (https://github.com/summerwind/h2spec), all of its suites with the strict cases, against the running proxy. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Listener } from '../../../../src/wire/routing-table.ts';
import { createAuthority, type Issued } from '../../../support/authority.ts';
import { proxyTable } from '../../../support/proxy-table.ts';
import { createWorld } from '../../../support/standalone-proxy.ts';

const isThere = spawnSync('h2spec', ['--version']).error === undefined;
const title = isThere ? 'h2spec' : 'h2spec [skipped, because h2spec is not there: get it as .ci/run does, with Go]';

/** Of version 2.2.1: fewer would be a run that ended early. */
const cases = 146;

/** Where h2spec does not ask for what RFC 9113 requires, by the names of its cases. */
const notRequired = {
  // A plain port serves HTTP/1.1 too, so what is not the preface is an invalid request of that: it gets 400, and then the connection closes. Such a peer
  // need not get GOAWAY (RFC 9113 §3.4), but h2spec takes the 400 for a frame.
  plain: ['http2/3.5 Sends invalid connection preface'],
  TLS: [],
};

const world = createWorld();
let certificate: Issued;
beforeAll(async () => {
  const authority = await createAuthority();
  certificate = await authority.issue({ hostnames: ['shop.example'] });
});
afterEach(() => world.stop());

const plain: Listener = { name: 'plain', protocol: 'HTTP', port: 80 };
const encrypted: Listener = { name: 'encrypted', protocol: 'HTTPS', port: 443, certificates: ['shop'] };

(isThere ? describe : describe.skip)(title, () => {
  test.each([
    { kind: 'plain', listener: plain, options: [] },
    { kind: 'TLS', listener: encrypted, options: ['--tls', '--insecure'] },
  ] as const)('all cases pass: $kind', async ({ kind, listener, options }) => {
    const app = await world.app(() => 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
    const { proxy } = await world.proxy({
      ...proxyTable({ endpoints: [{ pod: 'a', port: app.port }] }),
      listeners: [listener],
      certificates: { shop: certificate },
    });
    const report = await runH2spec(proxy.listeners.boundPort(listener.port) ?? 0, options);
    expect(report.failed).toEqual(notRequired[kind]);
    expect(report.cases).toBe(cases);
  });
});

/** A case ends at what it waits for: the limit is for one that never sees it. */
const caseLimitSeconds = 10;

type Report = { cases: number; failed: string[] };

async function runH2spec(port: number, options: readonly string[]): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-h2spec-'));
  const file = join(folder, 'report.xml');
  try {
    // It exits with 1 if a case has failed, which the report names.
    await new Promise((resolve) =>
      execFile(
        'h2spec',
        ['--strict', '--timeout', String(caseLimitSeconds), '--port', String(port), '--junit-report', file, ...options],
        resolve,
      ),
    );
    return readReport(await readFile(file, 'utf8'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Reads a report of JUnit: `<testcase package="http2/3.5" classname="Sends …">`, with what was wrong in it. */
function readReport(xml: string): Report {
  const found = [...xml.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*>([^]*?)<\/testcase>/gu)];
  const failed = found.filter(([, , , content]) => /<(?:failure|error|skipped)/u.test(content ?? ''));
  return { cases: found.length, failed: failed.map(([, section, name]) => `${section} ${name}`) };
}
