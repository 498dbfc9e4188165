/** The images of the examples besides the shop, which only some scenarios of e2e run. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import type { Output } from './process.ts';
import { prepareSdkServers } from './sdk-servers.ts';
import { prepareTomcat, whyNoTomcat } from './tomcat.ts';

/** Returns what went wrong, or undefined. */
export async function loadExamples(cluster: Cluster, output: Output): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-examples-'));
  try {
    const servers = await loadSdkServers(cluster, join(folder, 'servers'), output);
    return servers && (await loadTomcat(cluster, join(folder, 'tomcat'), output))
      ? undefined
      : 'an image of the examples was not built';
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function loadSdkServers(cluster: Cluster, folder: string, output: Output): Promise<boolean> {
  mkdirSync(folder);
  await prepareSdkServers(folder);
  return cluster.buildImage(folder, 'holdfast-examples:dev', output);
}

/** Without a JDK and Tomcat the scenarios that need them are skipped, and say so. */
async function loadTomcat(cluster: Cluster, folder: string, output: Output): Promise<boolean> {
  if (whyNoTomcat() !== undefined) return true;
  return (await prepareTomcat(folder, output)) && (await cluster.buildImage(folder, 'holdfast-tomcat:dev', output));
}
