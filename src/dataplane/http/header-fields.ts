/** Header fields as the two sides of the proxy exchange them: the codec writes them in its version of HTTP. */

/** `value` contains no control characters. */
export type HeaderField = { readonly name: string; readonly value: string };

export const noFields: readonly HeaderField[] = Object.freeze([]);
