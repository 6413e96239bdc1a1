/**
 * The server's clock as the page follows it. In service it runs on between the server's ticks; in replay it
 * stands still between them and follows the newest fix, as the server's own does.
 */

import type { ClockMode, ClockRow } from "./rows.ts";
import { parseMs } from "./time.ts";

export interface ServerClock {
  readonly mode: ClockMode;
  readonly nowMs: number;
  /** When it was heard, on the page's own monotonic clock. */
  readonly heardAtMs: number;
}

export function heard(row: ClockRow, localMs: number): ServerClock | null {
  const nowMs = parseMs(row.now);
  return nowMs === null ? null : { mode: row.mode, nowMs, heardAtMs: localMs };
}

/** The server's time at the page's moment `localMs`. */
export function serverNow(clock: ServerClock, localMs: number): number {
  return clock.mode === "replay" ? clock.nowMs : clock.nowMs + Math.max(0, localMs - clock.heardAtMs);
}

/** In replay a fix newer than the clock moves it; in service nothing but the server does. */
export function advancedBy(clock: ServerClock, fixTimeMs: number | null): ServerClock {
  if (clock.mode !== "replay" || fixTimeMs === null || fixTimeMs <= clock.nowMs) return clock;
  return { ...clock, nowMs: fixTimeMs };
}
