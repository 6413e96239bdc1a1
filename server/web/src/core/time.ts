/**
 * Times and durations as words. Everything is shown in UTC; local time is only ever added in a tooltip.
 * Pure: "now" is an argument, and nothing here asks the machine's clock or time zone unless told to.
 */

import type { Bounds } from "./rows.ts";

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;
/** Dwells are judged against limits in hours, so hours stay hours until they stop meaning anything. */
const HOURS_ONLY_BELOW_S = 10 * DAY_S;
const EXACT_BELOW_S = 10 * HOUR_S;

const dayMonth = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const dayMonthYear = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  timeZone: "UTC",
});

/** Milliseconds since 1970, or null for what is absent or cannot be read. */
export function parseMs(iso: string | null | undefined): number | null {
  if (!iso) return null;
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? null : ms;
}

/** "03:12" in UTC. */
export function hourMinute(ms: number): string {
  return new Date(ms).toISOString().slice(11, 16);
}

/** "20 Nov 03:12" in UTC, with the year when it is not that of `nowMs`. */
export function dayTime(ms: number, nowMs: number = ms): string {
  const sameYear = new Date(ms).getUTCFullYear() === new Date(nowMs).getUTCFullYear();
  return `${(sameYear ? dayMonth : dayMonthYear).format(ms)} ${hourMinute(ms)}`;
}

/** The header's clock, in two parts: "22 Nov 2026" and "03:12:45". */
export function clockText(ms: number): { date: string; time: string } {
  return { date: dayMonthYear.format(ms), time: new Date(ms).toISOString().slice(11, 19) };
}

/** "45 s", "12 min", "3 h 20 min", "54 h", "12 d 3 h". */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < MINUTE_S) return `${s} s`;
  if (s < HOUR_S) return `${Math.round(s / MINUTE_S)} min`;
  if (s < EXACT_BELOW_S) return twoUnits(s, HOUR_S, "h", MINUTE_S, "min");
  if (s < HOURS_ONLY_BELOW_S) return `${Math.round(s / HOUR_S)} h`;
  return twoUnits(s, DAY_S, "d", HOUR_S, "h");
}

function twoUnits(s: number, bigS: number, big: string, smallS: number, small: string): string {
  const smalls = Math.round(s / smallS);
  const perBig = bigS / smallS;
  const rest = smalls % perBig;
  const whole = `${Math.floor(smalls / perBig)} ${big}`;
  return rest === 0 ? whole : `${whole} ${rest} ${small}`;
}

/** One unit only, for tight places: "now", "40 s", "12 min", "3 h", "5 d". */
export function shortDuration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < MINUTE_S) return `${s} s`;
  if (s < HOUR_S) return `${Math.floor(s / MINUTE_S)} min`;
  if (s < 2 * DAY_S) return `${Math.floor(s / HOUR_S)} h`;
  return `${Math.floor(s / DAY_S)} d`;
}

/** "just now", "40 s ago", "3 h ago"; "never" when nothing was heard. */
export function ago(seconds: number | null): string {
  if (seconds === null) return "never";
  return seconds < 5 ? "just now" : `${shortDuration(seconds)} ago`;
}

export interface BoundsText {
  /** The estimate, or what stands for it: "about 20 Nov 03:12", "before 03:14". */
  readonly main: string;
  /** The bounds in words, empty when they add nothing to `main`. */
  readonly detail: string;
}

/** "about 20 Nov 03:12" and "between 03:10 and 03:14"; dates are repeated only where they differ. */
export function boundsText(bounds: Bounds, nowMs: number): BoundsText {
  const earliest = parseMs(bounds.earliest);
  const est = parseMs(bounds.est);
  const latest = parseMs(bounds.latest);
  const detail = rangeText(earliest, latest, est, nowMs);
  if (est === null) return detail === "" ? { main: "not known", detail: "" } : { main: detail, detail: "" };
  const certain = earliest !== null && latest !== null && dayTime(earliest, nowMs) === dayTime(latest, nowMs);
  return certain ? { main: dayTime(est, nowMs), detail: "" } : { main: `about ${dayTime(est, nowMs)}`, detail };
}

function rangeText(earliest: number | null, latest: number | null, est: number | null, nowMs: number): string {
  const relativeTo = est ?? earliest ?? latest;
  const oneDay = [earliest, latest].every(ms => ms === null || isSameDay(ms, relativeTo));
  const show = (ms: number) => (est !== null && oneDay ? hourMinute(ms) : dayTime(ms, nowMs));
  if (earliest !== null && latest !== null) return `between ${show(earliest)} and ${show(latest)}`;
  if (latest !== null) return `before ${show(latest)}`;
  if (earliest !== null) return `after ${show(earliest)}`;
  return "";
}

function isSameDay(a: number, b: number | null): boolean {
  return b !== null && Math.floor(a / (DAY_S * 1000)) === Math.floor(b / (DAY_S * 1000));
}

/** "20 Nov 08:12 in Asia/Karachi"; null when the zone is absent or unknown to the browser. */
export function localText(ms: number, timeZone: string | null | undefined): string | null {
  if (!timeZone) return null;
  try {
    const parts = new Intl.DateTimeFormat("en-GB", {
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZone,
    }).format(ms);
    return `${parts.replace(",", "")} in ${timeZone}`;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
