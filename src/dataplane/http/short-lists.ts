/**
 * Adds an item to a list that does not exist before its first one. Most lists of the request path have one item: a literal of one takes a fifth of the
 * memory of an empty list that grows.
 */
export function appendedTo<T>(list: T[] | undefined, item: T): T[] {
  if (list === undefined) return [item];
  list.push(item);
  return list;
}
