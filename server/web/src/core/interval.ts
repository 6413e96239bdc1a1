/**
 * The geometry of a dwell bar: what is certain, what is possible, the estimate and the limit, as shares of the
 * bar's width. Pure; the bar says no more than the bounds do.
 */

import type { Dwell } from "./rows.ts";
import { duration } from "./time.ts";

export interface Interval {
  /** 0 to this share: certainly stood this long. */
  readonly sure: number;
  /** From `sure` to this share: possibly. */
  readonly possible: number;
  /** The maximum is not known: the possible part has no end. */
  readonly open: boolean;
  readonly est: number | null;
  readonly limit: number | null;
  readonly critical: number | null;
}

const CRITICAL_LIMITS = 2;
const ROOM = 1.06;
/** An empty border still shows where its limit is: the limit stands at 80 % of the bar. */
const LIMIT_ROOM = 1.25;

/** One scale for all the bars that are compared with each other, in seconds. */
export function scaleS(dwells: readonly Dwell[], limitS: number | null): number {
  const longest = Math.max(0, ...dwells.map(d => d.dwell_max_s ?? d.dwell_est_s ?? d.dwell_min_s ?? 0));
  return Math.max((limitS ?? 0) * LIMIT_ROOM, longest * ROOM, 60);
}

export function interval(dwell: Dwell, limitS: number | null, scale: number): Interval {
  const share = (seconds: number) => Math.min(1, Math.max(0, seconds / scale));
  const sureS = dwell.dwell_min_s ?? 0;
  const inside = (seconds: number | null) => (seconds !== null && seconds <= scale ? share(seconds) : null);
  return {
    sure: share(sureS),
    possible: dwell.dwell_max_s === null ? 1 : share(Math.max(sureS, dwell.dwell_max_s)),
    open: dwell.dwell_max_s === null,
    est: inside(dwell.dwell_est_s),
    limit: inside(limitS),
    critical: inside(limitS === null ? null : limitS * CRITICAL_LIMITS),
  };
}

/** "about 54 h" with "52 h to 55 h"; "at least 52 h" when nothing bounds it from above. */
export function dwellText(dwell: Dwell): { main: string; detail: string } {
  const [min, est, max] = [dwell.dwell_min_s, dwell.dwell_est_s, dwell.dwell_max_s].map(s =>
    s === null ? null : duration(s),
  );
  const range = rangeText(min ?? null, max ?? null);
  if (!est) return { main: range || "not known", detail: "" };
  if (min === est && max === est) return { main: est, detail: "" };
  return { main: `about ${est}`, detail: range };
}

function rangeText(min: string | null, max: string | null): string {
  if (min !== null && max !== null) return min === max ? min : `${min} to ${max}`;
  if (min !== null) return `at least ${min}`;
  return max === null ? "" : `at most ${max}`;
}
