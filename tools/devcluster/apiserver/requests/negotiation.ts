/** The format that a client accepts. */
import { StatusError } from '../../status-error.ts';

/** `as`: another form of the object, such as `Table`. */
export type Wanted = { format: 'json' | 'yaml'; as?: string };

const json = new Set(['application/json', '*/*', 'application/*']);

/** Returns the first accepted format that is supported. Protobuf is not: clients accept JSON, too. */
export function negotiate(accept: string | undefined): Wanted {
  if (accept === undefined || accept.trim() === '') return { format: 'json' };
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const format = json.has(type) ? 'json' : type === 'application/yaml' ? 'yaml' : undefined;
    // Aggregated discovery is not supported: clients accept the older form, too.
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice('as='.length);
    if (format !== undefined && as !== 'APIGroupDiscoveryList') return { format, ...(as !== undefined && { as }) };
  }
  throw new StatusError('NotAcceptable', '406: Not Acceptable');
}
