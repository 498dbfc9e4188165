/** Everything that can be fuzzed, by name. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createCampaign, type Campaign } from './campaign.ts';
import { createRequestsSurface } from './http1/requests.ts';
import { createResponsesSurface } from './http1/responses.ts';
import { createHpackSurface } from './http2/hpack.ts';
import { createHttp2RequestsSurface } from './http2/requests.ts';
import { createHttp2ResponsesSurface } from './http2/responses.ts';
import { createRandom } from './random.ts';
import { surfaceNames, type Surface, type SurfaceName } from './surface.ts';

export type OpenCampaign = { name: SurfaceName; campaign: Campaign; close(): Promise<void> };

/** `seed`: of the random numbers, which differ from those of another surface. `learns`: see `campaign.ts`. */
export type Opening = { seed: number; learns: boolean };

export function openCampaign(name: SurfaceName, opening: Opening): Promise<OpenCampaign> {
  return opens[name](name, opening);
}

const opener =
  <Input>(create: () => Promise<Surface<Input>>) =>
  async (name: SurfaceName, { seed, learns }: Opening): Promise<OpenCampaign> => {
    const surface = await create();
    const random = createRandom(seed + surfaceNames.indexOf(name));
    const campaign = createCampaign(surface, readCorpus(name), { random, learns });
    return { name, campaign, close: () => surface.close() };
  };

const opens: Record<SurfaceName, (name: SurfaceName, opening: Opening) => Promise<OpenCampaign>> = {
  requests: opener(createRequestsSurface),
  responses: opener(createResponsesSurface),
  'http2-requests': opener(createHttp2RequestsSurface),
  'http2-responses': opener(createHttp2ResponsesSurface),
  hpack: opener(createHpackSurface),
};

function readCorpus(name: SurfaceName): string[] {
  const folder = path.join(import.meta.dirname, 'corpus', name);
  return readdirSync(folder)
    .toSorted()
    .map((file) => readFileSync(path.join(folder, file), 'utf8'));
}
