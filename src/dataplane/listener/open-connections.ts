/** The open connections of clients, and what a shutdown does with them. */
import type { Clock } from '../../platform/clock.ts';

/** A connection of a client for a shutdown. */
export interface OpenConnection {
  /** The requests and upgraded streams that are open on it. */
  readonly carried: CutReport;
  /** Nothing of a response or stream is left to be sent. */
  readonly isDone: boolean;
  /** The client should use another connection for its next requests. */
  announceShutdown(): void;
  /** Closes a connection that carries nothing. */
  closeIfIdle(): void;
  endOfGrace(): void;
  cut(how: 'close' | 'reset'): void;
  fault(error: unknown): void;
}

/** The requests and upgraded streams that were cut at the end of the grace period. */
export type CutReport = { requests: number; upgrades: number };

/** Interval at which a shutdown looks for connections that still carry something. */
const checkMs = 100;

export class OpenConnections {
  private readonly clock: Clock;
  private readonly connections = new Set<OpenConnection>();
  private lastClosed: (() => void) | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  add(connection: OpenConnection): void {
    this.connections.add(connection);
  }

  delete(connection: OpenConnection): void {
    this.connections.delete(connection);
    if (this.connections.size === 0) this.lastClosed?.();
  }

  announceShutdown(): void {
    this.forEach((connection) => connection.announceShutdown());
  }

  /** Closes the connections between two requests; every other one closes after its current response. */
  closeIdle(): void {
    this.forEach((connection) => connection.closeIfIdle());
  }

  /** Resolves when no response or stream is left, whether or not the clients have closed their sides; at the latest after `limitMs`. */
  whenDone(limitMs: number): Promise<void> {
    const endMs = this.clock.nowMs() + limitMs;
    return new Promise((resolve) => {
      const check = () => {
        if (this.areDone() || this.clock.nowMs() >= endMs) resolve();
        else this.clock.after(Math.min(checkMs, endMs - this.clock.nowMs()), check);
      };
      check();
    });
  }

  /** Resolves when every connection is closed, at the latest after `limitMs`. */
  whenClosed(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.clock.after(limitMs, resolve);
      this.lastClosed = () => {
        cancel();
        resolve();
      };
      if (this.connections.size === 0) this.lastClosed();
    });
  }

  /** Ends all that still carry something. */
  endAll(): CutReport {
    const report: CutReport = { requests: 0, upgrades: 0 };
    this.forEach((connection) => {
      if (connection.isDone) return;
      const { requests, upgrades } = connection.carried;
      report.requests += requests;
      report.upgrades += upgrades;
      connection.endOfGrace();
    });
    return report;
  }

  cutAll(): void {
    this.forEach((connection) => connection.cut('close'));
  }

  private areDone(): boolean {
    for (const connection of this.connections) if (!connection.isDone) return false;
    return true;
  }

  /** A fault at one connection must not keep the others open. */
  private forEach(step: (connection: OpenConnection) => void): void {
    for (const connection of this.connections) {
      try {
        step(connection);
      } catch (error) {
        connection.fault(error);
      }
    }
  }
}
