/** The head that the client of a connection sends again and again, as one does that polls. */
import { Field } from '../http/fields.ts';
import type { Head } from '../http/head.ts';
import { countOf } from '../http/head-fields.ts';
import { KnownHead } from './known-head.ts';

export class KnownRequest extends KnownHead {
  /** Each upgrade to WebSocket has a key of its own. */
  override learn(head: Head): Head {
    return head.repeated !== undefined || countOf(head, Field.Upgrade) > 0 ? head : super.learn(head);
  }
}
