/** The filters of a route as the proxy gets them: with the prefix of the match, and with the keys of backends. */
import type { PathModifier, RouteFilter } from '../../wire/route-filters.ts';
import type { BackendTarget, FilterIR, PathModifierIR } from './ir.ts';

/** `backendOf`: returns nothing for a reference that does not resolve. */
export type WirePlace = { prefix: string; backendOf: (target: BackendTarget) => string | undefined };

/** Returns undefined for a mirror whose backend does not resolve: Gateway API has it dropped, and the request served. */
export function wireFilter(filter: FilterIR, { prefix, backendOf }: WirePlace): RouteFilter | undefined {
  if (filter.type === 'RequestMirror') {
    const { target, ...rest } = filter;
    const backend = backendOf(target);
    return backend === undefined ? undefined : { ...rest, backend };
  }
  if (filter.type !== 'RequestRedirect' && filter.type !== 'URLRewrite') return filter;
  const { path, ...rest } = filter;
  return { ...rest, ...(path && { path: wirePath(path, prefix) }) };
}

const wirePath = ({ type, value }: PathModifierIR, prefix: string): PathModifier =>
  type === 'ReplacePrefixMatch' ? { type, value, prefix } : { type, value };
