import type { HeaderEdits } from '../http/header-edits.ts';
import { noFields, type HeaderField } from '../http/header-fields.ts';
import type { Forwarding, SessionHold, TokenFilter } from '../routing.ts';
import type { ResponseChanges } from '../streams.ts';

/** What changes in the response of an exchange, by the backend of its last attempt. */
export class ExchangeChanges implements ResponseChanges {
  filter: TokenFilter | undefined;
  edits: HeaderEdits | undefined;
  sessionFields: readonly HeaderField[] = noFields;
  method = '';
  /** The Origin of the request; read only if its route has filters. */
  origin: string | undefined;
  private forwarding: Forwarding | undefined;

  begin(method: string): void {
    this.filter = undefined;
    this.edits = undefined;
    this.sessionFields = noFields;
    this.method = method;
    this.origin = undefined;
    this.forwarding = undefined;
  }

  /** Of a 1xx: neither filters nor sessions add to it. */
  get ofInterim(): ResponseChanges {
    return { filter: this.filter, edits: undefined, sessionFields: noFields, method: this.method };
  }

  /** The backends of a route may have different filters. */
  use({ filter, forwarding }: SessionHold): void {
    this.filter = filter;
    if (forwarding === this.forwarding) return;
    this.forwarding = forwarding;
    this.edits = forwarding?.responseFor?.(this.origin);
  }
}
