/** A minute of `npm run fuzz`: the whole corpus, and the first inputs of one seed. */
import { expect, test } from '@jest/globals';
import { surfaceNames, type SurfaceName } from './surface.ts';
import { openCampaign } from './surfaces.ts';

const seed = 20261130;
const batchSize = 50;
/** On a machine with nothing else to do some 10 s each; on any other it ends by time. */
const batches: Record<SurfaceName, number> = {
  requests: 80,
  responses: 40,
  'http2-requests': 50,
  'http2-responses': 15,
  hpack: 60,
};
const limitMs = 10_000;

test.each(surfaceNames)(
  'nothing is found in %s',
  async (name) => {
    const { campaign, close } = await openCampaign(name, { seed, learns: false });
    const endMs = Date.now() + limitMs;
    let finding = await campaign.runCorpus();
    for (let left = batches[name]; left > 0 && finding === undefined && Date.now() < endMs; left -= 1) {
      finding = await campaign.runBatch(batchSize);
    }
    await close();
    expect(finding).toBeUndefined();
    // Guards against inputs that all are refused for the same reason.
    expect(campaign.behaviours).toBeGreaterThan(5);
  },
  60_000,
);
