import type { CompiledFilters } from '../filters/compile.ts';
import type { TokenFilter } from '../routing.ts';

/** What compiled routes with and without sessions have. */
export interface RouteParts extends CompiledFilters {
  readonly filter: TokenFilter;
}
