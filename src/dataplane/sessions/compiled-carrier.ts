/** What carries the token, as the session side uses it. */
import type { Carrier } from '../../wire/routing-table.ts';
import type { HeaderField } from '../http/header-fields.ts';
import type { RequestView, SessionResponse } from '../routing.ts';

/**
 * What a response says about the session of its client. `Continues`: it hands out an id of the app, which begins a session or continues
 * one. `Repeats`: it names an id that it did not make, which begins no session. `TooLong`: the same, but the id leaves no room for a token. `Ends`: it takes the id back. `None`: nothing.
 */
export type AppVerdict = 'Continues' | 'Repeats' | 'TooLong' | 'Ends' | 'None';

export interface CompiledCarrier {
  readonly type: Carrier['type'];
  readonly name: string;
  /** The app hands out ids and alone says when a session begins: without an id there is nothing to carry a token. */
  readonly isAppOwned: boolean;
  verdict(response: SessionResponse, nowMs: number): AppVerdict;
  /** Returns the fields that give a token. `lifetimeS`: how long a client may keep it at most; undefined: indefinitely. */
  give(token: string, lifetimeS: number | undefined, response: SessionResponse): readonly HeaderField[];
  /** Returns the fields of a response that gives no token: those of the app's id, or none. */
  keep(response: SessionResponse): readonly HeaderField[];
  /** Returns the fields that remove the token. `response`: undefined if the proxy itself responds. */
  clear(response: SessionResponse | undefined): readonly HeaderField[];
  /** Returns the texts that may be tokens, in the order in which they were sent. */
  read(request: Pick<RequestView, 'headers'>): string[];
}
