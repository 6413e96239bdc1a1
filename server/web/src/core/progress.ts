/**
 * Progress as words: what lies ahead and when, between likely and late; and how late a service is.
 * Pure: "now" is an argument. A forecast is never one moment, and never tells of the past.
 */

import type { Ahead, Eta, Progress, Timetable } from "./rows.ts";
import { dayTime, duration, hourMinute, parseMs } from "./time.ts";

const ON_TIME_BELOW_MIN = 1;
const TENTHS_BELOW_KM = 10;
const kilometres = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

/** "3.2 km", "1,410 km". */
export function kmText(km: number): string {
  return `${km < TENTHS_BELOW_KM ? km.toFixed(1) : kilometres.format(km)} km`;
}

/** "in 320 km, about 24 Nov 06:00, 9 in 10 by 25 Nov 18:00"; without a forecast the distance only. */
export function aheadText(ahead: Ahead, nowMs: number): string {
  const far = ahead.distance_km > 0 ? `in ${kmText(ahead.distance_km)}` : "";
  if (!ahead.eta) return far || "is there";
  return [far, etaText(ahead.eta, nowMs)].filter(part => part !== "").join(", ");
}

/** Half of such journeys arrive by the first time, nine in ten by the second. */
export function etaText(eta: Eta, nowMs: number): string {
  const [likely, late] = [parseMs(eta.p50), parseMs(eta.p90)];
  if (likely === null || late === null) return "no forecast";
  if (late <= nowMs) return "later than forecast";
  const sameDay = likely > nowMs && new Date(likely).getUTCDate() === new Date(late).getUTCDate();
  const by = sameDay && late - likely < 86_400_000 ? hourMinute(late) : dayTime(late, nowMs);
  return `${likely <= nowMs ? "any time now" : `about ${dayTime(likely, nowMs)}`}, 9 in 10 by ${by}`;
}

/** "45 min late" and "about 2 h late at the end, against reckoned times". */
export function timetableText(timetable: Timetable): { main: string; detail: string } {
  const atEnd = timetable.late_at_end_min;
  const details = [
    atEnd === null ? "" : `about ${lateText(atEnd)} at the end`,
    timetable.assumed ? "against reckoned times" : "",
  ];
  return { main: lateText(timetable.late_min), detail: details.filter(part => part !== "").join(", ") };
}

function lateText(minutes: number): string {
  if (Math.abs(minutes) < ON_TIME_BELOW_MIN) return "on time";
  return `${duration(Math.abs(minutes) * 60)} ${minutes > 0 ? "late" : "early"}`;
}

/** What the forecasts rest on; empty without any. */
export function basisText(progress: Progress): string {
  const seen = [progress.next_border, progress.terminal].flatMap(ahead => (ahead?.eta ? [ahead.eta.observations] : []));
  if (seen.length === 0) return "";
  const most = Math.max(...seen);
  return `Forecast from published figures${most === 0 ? "" : ` and ${most} waits and runs of this fleet`}.`;
}
