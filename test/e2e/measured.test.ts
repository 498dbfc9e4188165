/** Scenarios that measure in seconds how soon a pod is gone after its last session: one after another, so that they do not delay each other. */
import { beforeAll, expect, test } from '@jest/globals';
import { describeWithCluster } from '../support/full-cluster.ts';
import { installHoldfast } from '../support/shop-cluster.ts';
import { endedStaysEnded } from './scenarios/ended-stays-ended.ts';
import { mcpSessions } from './scenarios/mcp-sessions.ts';
import { servletSessions } from './scenarios/servlet-sessions.ts';
import { visitorsWithoutCookie } from './scenarios/visitors-without-cookie.ts';

describeWithCluster('Measured in seconds', () => {
  beforeAll(installHoldfast, 180_000);

  for (const { title, play, skipped } of [servletSessions, mcpSessions, visitorsWithoutCookie, endedStaysEnded]) {
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
