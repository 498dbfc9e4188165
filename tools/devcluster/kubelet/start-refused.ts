/** A container that cannot be started, with the kubelet's reasons: of its waiting state, and of the event. */
export class StartRefused extends Error {
  readonly reason: string;
  readonly eventReason: string;

  constructor(reason: string, message: string, eventReason = 'Failed') {
    super(message);
    this.name = 'StartRefused';
    this.reason = reason;
    this.eventReason = eventReason;
  }
}
