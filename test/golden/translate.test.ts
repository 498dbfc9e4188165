import { translate } from '../../src/core/translate/translate.ts';
import { goldenCases } from '../support/golden.ts';
import { snapshotOf, type ShortWorld } from '../support/world.ts';

goldenCases(new URL('translate/', import.meta.url), (input) => {
  const { tables, accepts } = translate(snapshotOf(input as ShortWorld));
  // The plan of an accepted StickyWorkload is in its table, and in the golden tests of render.
  return {
    tables,
    accepts: Object.fromEntries(
      Object.entries(accepts).map(([key, accept]) => [key, accept.kind === 'refused' ? accept : accept.kind]),
    ),
  };
});
