/** The response format that a client accepts. */
import { StatusError } from '../../status-error.ts';

export type Wanted = { format: 'json' | 'yaml'; as?: string; group?: string; version?: string };

const json = new Set(['application/json', '*/*', 'application/*']);

/** Returns the first accepted format that is supported. Clients that prefer Protobuf also accept JSON. */
export function negotiate(accept: string | undefined): Wanted {
  if (accept === undefined || accept.trim() === '') return { format: 'json' };
  for (const wish of accept.split(',')) {
    const [type = '', ...parameters] = wish.split(';').map((part) => part.trim());
    const format = json.has(type) ? 'json' : type === 'application/yaml' ? 'yaml' : undefined;
    if (format === undefined) continue;
    const values = new Map(
      parameters.map((parameter): [string, string] => [parameter.split('=')[0] ?? '', parameter.split('=')[1] ?? '']),
    );
    const [as, group, version] = [values.get('as'), values.get('g'), values.get('v')];
    return {
      format,
      ...(as !== undefined && { as }),
      ...(group !== undefined && { group }),
      ...(version !== undefined && { version }),
    };
  }
  throw new StatusError('NotAcceptable', '406: Not Acceptable');
}
