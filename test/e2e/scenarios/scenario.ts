/** One thing that can happen to a shop. Each has a namespace of its own, so that several can be played at one time. */
export type Scenario = { title: string; play: () => Promise<void> };

// Not in a list yet, because each has still something to show: api-server-away (reports are refused while tokens cannot be reviewed, so ends of
// sessions get lost and hold pods), node-drained (some logins are turned away on a busy machine), workload-deleted (its mend was not seen on a cluster).
