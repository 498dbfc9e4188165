/** An event that affects a shop. Each scenario has a namespace of its own, so that several can run at the same time. */
export type Scenario = {
  title: string;
  play: () => Promise<void>;
  /** Why this machine cannot run it; undefined: it can. */
  skipped?: string | undefined;
};
