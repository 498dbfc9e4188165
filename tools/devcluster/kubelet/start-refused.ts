/** Why a container could not be started, in the words of the kubelet: the reason of its waiting state, and what the event says. */
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
