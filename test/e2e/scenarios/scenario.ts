/** One thing that can happen to a shop. Each has a namespace of its own, so that several can be played at one time. */
export type Scenario = { title: string; play: () => Promise<void> };
