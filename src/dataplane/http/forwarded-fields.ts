/** What the proxy tells the app about the client. */
import { Field } from './fields.ts';
import { countOf, listText } from './head-fields.ts';
import type { HeaderField } from './header-fields.ts';
import { requestScheme, statesClient } from './hop.ts';
import type { Request } from './request.ts';

/** What a trusted proxy has stated stays; the proxy adds the address of its peer, and what is missing. */
export function forwardedFields({ head, hop, appAuthority }: Request): readonly HeaderField[] {
  const isStated = hop.isTrusted && statesClient(head);
  const clients = isStated ? listText(head, Field.ForwardedFor) : '';
  const fields = [{ name: 'X-Forwarded-For', value: `${clients === '' ? '' : `${clients}, `}${hop.address}` }];
  if (!isStated || countOf(head, Field.ForwardedProto) === 0) {
    fields.push({ name: 'X-Forwarded-Proto', value: requestScheme(head, hop) });
  }
  if (!isStated || countOf(head, Field.ForwardedHost) === 0) {
    fields.push({ name: 'X-Forwarded-Host', value: appAuthority });
  }
  return fields;
}
