import type { RouteFilter } from '../../wire/route-filters.ts';

export const ofType = <Type extends RouteFilter['type']>(
  filters: readonly RouteFilter[],
  type: Type,
): Extract<RouteFilter, { type: Type }>[] =>
  filters.filter((filter): filter is Extract<RouteFilter, { type: Type }> => filter.type === type);
