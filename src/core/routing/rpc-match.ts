/** Gateway API's matching of services and methods of gRPC, and its precedence between such matches. */
import type { RpcMatch } from '../../wire/routing-table.ts';
import { compileRegex } from './regex.ts';

/** The path of a gRPC request is `/SERVICE/METHOD`. */
export function compileRpc({ type, service, method }: RpcMatch): (path: string) => boolean {
  const [fitsService, fitsMethod] = [compileName(type, service), compileName(type, method)];
  return (path) => {
    const end = path.lastIndexOf('/');
    return end > 0 && fitsService(path.slice(1, end)) && fitsMethod(path.slice(end + 1));
  };
}

function compileName(type: RpcMatch['type'], wanted: string | undefined): (name: string) => boolean {
  if (wanted === undefined) return () => true;
  return type === 'RegularExpression' ? compileRegex(wanted) : (name) => name === wanted;
}

/** Negative if `a` takes precedence: more characters of the service, then of the method. */
export const compareRpcs = (a: RpcMatch | undefined, b: RpcMatch | undefined): number =>
  lengthOf(b?.service) - lengthOf(a?.service) || lengthOf(b?.method) - lengthOf(a?.method);

const lengthOf = (name: string | undefined): number => name?.length ?? 0;
