/** Writes that do not depend on each other: one that fails keeps no other from being written. Then throws the first error, so that the queue tries again. */
export async function writeEach<Item>(items: Iterable<Item>, write: (item: Item) => Promise<unknown>): Promise<void> {
  const errors: unknown[] = [];
  for (const item of items) {
    try {
      await write(item);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
