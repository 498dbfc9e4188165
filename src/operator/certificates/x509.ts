/**
 * The X.509 library, made loadable. Imported dynamically, because a static import may be evaluated before the line above it
 * (Jest evaluates CommonJS when it links); by its default export, which is all that a bundle of a CommonJS package has.
 */
import './reflect.ts';

export const { default: x509 } = await import('@peculiar/x509');
