/** What filters change in a response: ResponseHeaderModifier and CORS of Gateway API. */
import type { RouteFilter } from '../../wire/route-filters.ts';
import { compileHeaderEdits } from '../http/header-edits.ts';
import type { HeaderEdits, HeaderModifier } from '../http/header-edits.ts';
import { noHeaderNames } from '../http/header-names.ts';
import type { TokenFilter } from '../routing.ts';
import type { CorsPolicy } from './cors.ts';
import { ofType } from './of-type.ts';
import { sessionSafe } from './session-safe.ts';

/** `origin`: of the request, if it has one. */
export type ResponseEdits = (origin: string | undefined) => HeaderEdits;

const noEdits: HeaderEdits = { removed: noHeaderNames, added: [] };
/** Clients choose the origins that match a wildcard. */
const maxOrigins = 256;

export function compileResponseEdits(
  filters: readonly RouteFilter[],
  { tokens, cors }: { tokens: TokenFilter; cors: CorsPolicy | undefined },
): ResponseEdits | undefined {
  const modifiers: HeaderModifier[] = ofType(filters, 'ResponseHeaderModifier');
  const compiled = (list: HeaderModifier[]) => sessionSafe(compileHeaderEdits(list) ?? noEdits, tokens);
  if (cors === undefined) {
    const edits = compiled(modifiers);
    return compileHeaderEdits(modifiers) === undefined ? undefined : () => edits;
  }
  const refused = compiled([...cors.modifiers(undefined), ...modifiers]);
  const byOrigin = new Map<string, HeaderEdits>();
  return (origin) => {
    if (origin === undefined || !cors.allows(origin)) return refused;
    const edits = byOrigin.get(origin) ?? compiled([...cors.modifiers(origin), ...modifiers]);
    if (byOrigin.size >= maxOrigins) byOrigin.clear();
    byOrigin.set(origin, edits);
    return edits;
  };
}
