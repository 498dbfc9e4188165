/** Where a request counts as one that its endpoint has not answered: the endpoint gets only so many. */
import type { EndpointLoad } from '../streams.ts';

export class Unanswered {
  private at: EndpointLoad | undefined;

  /** The request waits for the endpoint. */
  begin(endpoint: EndpointLoad): void {
    if (this.at !== undefined) return;
    this.at = endpoint;
    endpoint.unanswered += 1;
  }

  /** A request that waits for the rest of its body does not wait for the endpoint: slow clients must not use up its limit for all others. */
  recount(endpoint: EndpointLoad | undefined, awaitsApp: boolean): void {
    if (!awaitsApp) this.end();
    else if (endpoint !== undefined) this.begin(endpoint);
  }

  /** The endpoint has begun to answer, or will not, or waits for the client. */
  end(): void {
    if (this.at === undefined) return;
    this.at.unanswered -= 1;
    this.at = undefined;
  }
}
