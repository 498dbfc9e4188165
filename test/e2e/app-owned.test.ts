/** Sessions that apps own, one scenario after another: how soon a pod goes after its last session is measured in seconds. */
import { beforeAll, expect, test } from '@jest/globals';
import { describeWithCluster } from '../support/full-cluster.ts';
import { installHoldfast } from '../support/shop-cluster.ts';
import { mcpSessions } from './scenarios/mcp-sessions.ts';
import { servletSessions } from './scenarios/servlet-sessions.ts';

describeWithCluster('Sessions that apps own', () => {
  beforeAll(installHoldfast, 180_000);

  for (const { title, play, skipped } of [servletSessions, mcpSessions]) {
    const declare = skipped === undefined ? test : test.skip;
    declare(
      skipped === undefined ? title : `${title} [skipped: ${skipped}]`,
      async () => {
        expect(await play()).toBeUndefined();
      },
      240_000,
    );
  }
});
