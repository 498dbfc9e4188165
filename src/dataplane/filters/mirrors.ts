/** RequestMirror of Gateway API: to which endpoints a request is copied. */
import type { RouteFilter } from '../../wire/route-filters.ts';
import type { MirrorTarget } from '../routing.ts';
import { ofType } from './of-type.ts';

/** `random`: at least 0, below 1. `target`: an endpoint of a backend, if one is ready. */
export type MirrorPorts = { random: () => number; target: (backend: string) => MirrorTarget | undefined };

/** Draws the endpoints for one request. */
export type DrawMirrors = () => readonly MirrorTarget[];

export function compileMirrors(
  filters: readonly RouteFilter[],
  { random, target }: MirrorPorts,
): DrawMirrors | undefined {
  const mirrors = ofType(filters, 'RequestMirror').filter(({ numerator }) => numerator > 0);
  if (mirrors.length === 0) return undefined;
  return () =>
    mirrors.flatMap(({ backend, numerator, denominator }) =>
      random() * denominator < numerator ? (target(backend) ?? []) : [],
    );
}
