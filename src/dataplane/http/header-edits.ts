/** Changes of the header fields of a message, compiled: which of its fields go, and which are added. */
import { bytesOf } from './ascii.ts';
import { noFields, type HeaderField } from './header-fields.ts';
import { createHeaderNames, foldName, noHeaderNames } from './header-names.ts';
import type { HeaderNames } from './header-names.ts';

export type HeaderEdits = { readonly removed: HeaderNames; readonly added: readonly HeaderField[] };

export const noHeaderEdits: HeaderEdits = { removed: noHeaderNames, added: noFields };

export type HeaderModifier = {
  readonly set?: readonly HeaderField[];
  readonly add?: readonly HeaderField[];
  readonly remove?: readonly string[];
};

type Edited = { name: string; keepsSent: boolean; values: string[] };

/**
 * Applies modifiers one after another to a message that is not known yet. Names are equal as in `foldName`: X_User of a client would reach
 * an app on CGI as the X-User that the route sets. A further value is a further line, which is the same as a longer list (RFC 9110 section 5.3).
 */
export function compileHeaderEdits(modifiers: readonly HeaderModifier[]): HeaderEdits | undefined {
  const byName = new Map<string, Edited>();
  const edited = (name: string): Edited => {
    const known = byName.get(foldName(name)) ?? { name, keepsSent: true, values: [] };
    byName.set(foldName(name), known);
    return known;
  };
  for (const { set = [], add = [], remove = [] } of modifiers) {
    for (const { name, value } of set) Object.assign(edited(name), { name, keepsSent: false, values: [value] });
    for (const { name, value } of add) edited(name).values.push(value);
    for (const name of remove) Object.assign(edited(name), { keepsSent: false, values: [] });
  }
  if (byName.size === 0) return undefined;
  const removed = Array.from(byName).flatMap(([name, { keepsSent }]) => (keepsSent ? [] : [name]));
  return {
    removed: createHeaderNames(removed),
    added: Array.from(byName.values()).flatMap(({ name, values }) =>
      values.map((value) => ({ name, value: bytesOf(value) })),
    ),
  };
}
