/** Where a request counts as one that its endpoint has not answered: the endpoint gets only so many. */
import type { ConnectionGroup } from '../upstream/connection.ts';

export class Unanswered {
  private at: ConnectionGroup | undefined;

  /** The request waits for the endpoint. */
  begin(group: ConnectionGroup): void {
    if (this.at !== undefined) return;
    this.at = group;
    group.unanswered += 1;
  }

  /** The endpoint has begun to answer, or will not, or waits for the client. */
  end(): void {
    if (this.at === undefined) return;
    this.at.unanswered -= 1;
    this.at = undefined;
  }
}
