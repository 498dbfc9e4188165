/** The rules of the fuzzer for responses. */
import { namedBy } from './judge-requests.ts';
import type { Message, Reading } from './llhttp.ts';

/** The end of the connection inside of a response is how the proxy cuts one. */
export const cutByProxy = 'HPE_INVALID_EOF_STATE';

/** Fields of no meaning to the proxy: those must pass unchanged. */
const plainFields = ({ headers }: Pick<Message, 'headers'>): string =>
  headers
    .filter(([name]) => name.toLowerCase() === 'x-plain' && !namedBy({ headers }).includes('x-plain'))
    .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
    .join('\n');

/** `direct`: as a client reads the app's response without the proxy. Returns what is wrong with the one that has passed it. */
export function judgeResponse(
  { messages, error }: Reading,
  direct: Pick<Message, 'status' | 'headers' | 'body' | 'isComplete'> | undefined,
): string | undefined {
  const final = messages.filter(({ status }) => status >= 200);
  const [got] = final;
  if (error !== undefined && error !== cutByProxy) return `a response is not valid HTTP: ${error}`;
  if (final.length > 1) return 'the client got more than one response';
  if (got === undefined || isOfProxy(got)) return undefined;
  if (direct === undefined) return `the client got a response where llhttp reads none: ${got.status}`;
  if (got.isComplete && !direct.isComplete) return `the client got a whole response of which llhttp reads a part`;
  const pairs = [
    ['status', got.status, direct.status],
    ['body', got.body, got.isComplete ? direct.body : direct.body.slice(0, got.body.length)],
    ['fields', plainFields(got), plainFields(direct)],
  ];
  const wrong = pairs.find(([, through, alone]) => through !== alone);
  return (
    wrong && `the ${wrong[0]} that the client got: ${JSON.stringify(wrong[1])}, of the app: ${JSON.stringify(wrong[2])}`
  );
}

/** Of what the app has sent, the proxy could make no response. */
const isOfProxy = ({ status, headers }: Message): boolean =>
  status === 502 && !headers.some(([name]) => name.toLowerCase() === 'x-plain');
