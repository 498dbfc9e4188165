export type Memo<Out> = (inputs: readonly unknown[], compute: () => Out) => Out;

/** Returns a function that computes again only when one of the inputs is another object than in the call before. */
export function createMemo<Out>(): Memo<Out> {
  let last: { inputs: readonly unknown[]; out: Out } | undefined;
  return (inputs, compute) => {
    if (!last?.inputs.every((input, at) => input === inputs[at])) last = { inputs, out: compute() };
    return last.out;
  };
}
