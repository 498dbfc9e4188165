/**
 * The X.509 library's dependency injection (tsyringe) refuses to load unless Reflect can answer for decorator metadata.
 * None of its classes has any, so "nothing is known" is the true answer and no polyfill is needed.
 */
const reflect: typeof Reflect & { getMetadata?: () => undefined; getOwnMetadata?: () => undefined } = Reflect;
reflect.getMetadata ??= () => undefined;
reflect.getOwnMetadata ??= () => undefined;
