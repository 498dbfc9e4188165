/**
 * Frames that cost this side work and their sender nothing: a client that sends many of them without any use is not a client but an attack. Each takes from
 * a budget, which fills again with time and with each completed exchange, so no honest client empties it:
 *
 *   rapid reset (CVE-2023-44487)           RST_STREAM before the response, or a frame that makes this side send it (CVE-2025-8671)
 *   PING, SETTINGS (CVE-2019-9512, -9515)  an acknowledgement each
 *   empty frames (CVE-2019-9518)           DATA without content that does not end its stream
 *   data dribble (CVE-2019-9511)           WINDOW_UPDATE that lets a few bytes through
 *   WINDOW_UPDATE, PRIORITY                fewer than two for each DATA frame that was sent
 *   CONTINUATION (CVE-2024-27316)          bounded by the size of a header block instead: `header-block.ts`
 */
export type Costly = 'Reset' | 'Dribble' | 'Acknowledged' | 'Empty' | 'Idle';

const costs: Record<Costly, number> = { Reset: 10, Dribble: 6, Acknowledged: 2, Empty: 1, Idle: 1 };

/** A burst: a hundred streams that are cancelled at once, as by a closed browser tab, and as many again. */
const most = 2000;
const perSecond = 200;
/** Of an exchange that went through: a client that works cancels some of its requests. */
const perExchange = 10;
const perContent = 4;

export class FloodBudget {
  private left = most;
  private filledAtMs: number;

  constructor(nowMs: number) {
    this.filledAtMs = nowMs;
  }

  /** An exchange is complete. */
  completed(): void {
    this.left = Math.min(most, this.left + perExchange);
  }

  /** Content was sent or received: a peer answers with WINDOW_UPDATE, and some measure their connection with PING. */
  moved(): void {
    this.left = Math.min(most, this.left + perContent);
  }

  /** Returns whether the connection may continue. */
  take(costly: Costly, nowMs: number): boolean {
    const passedMs = nowMs - this.filledAtMs;
    if (passedMs >= 1000) {
      this.filledAtMs = nowMs;
      this.left = Math.min(most, this.left + (passedMs / 1000) * perSecond);
    }
    this.left -= costs[costly];
    return this.left >= 0;
  }
}
