/** What is fuzzed: one side of the proxy in one version of HTTP. */
import type { Random } from './random.ts';

export const surfaceNames = ['requests', 'responses', 'http2-requests', 'http2-responses', 'hpack'] as const;
export type SurfaceName = (typeof surfaceNames)[number];

/** `behaviour`: inputs of which it is equal have taken the same way, as far as anybody can see. `problem`: a rule that was broken. */
export type Outcome = { behaviour: string; problem: string | undefined };

export interface Surface<Input> {
  /** The notation of the corpus. */
  parse(text: string): Input;
  format(input: Input): string;
  mutate(input: Input, other: Input, random: Random): Input;
  run(input: Input): Promise<Outcome>;
  /** After some inputs: returns what is wrong with the proxy, or with what other clients get. */
  check(): Promise<string | undefined>;
  close(): Promise<void>;
}
