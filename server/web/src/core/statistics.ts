/**
 * A border's own history as words and as a chart by month. Pure. It stands beside the results and never changes
 * one: what is shown here judges nobody.
 */

import type { BorderStatistics, Standing } from "./rows.ts";
import { duration } from "./time.ts";
import { plural } from "./words.ts";

const HOUR_S = 3600;
const MOST_MONTHS = 18;
/** A change of less than this a month is none that anybody would notice. */
const LEAST_TREND_H = 0.5;
/** Of fewer crossings nobody can say what 9 in 10 do. */
const FEW = 5;
const MONTH_NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The border's directions, the busiest first; those of which nothing is known are left out. */
export function directionsOf(rows: readonly BorderStatistics[], border: string): BorderStatistics[] {
  return rows
    .filter(row => row.border === border && (row.p50_h !== null || row.p50_bounds_h !== null))
    .sort((a, b) => b.n - a.n || a.from_side.localeCompare(b.from_side));
}

/** "half within 31 h, 9 in 10 within 54 h"; of crossings not seen to begin only what bounds them. */
export function standingText(row: Standing): string {
  if (row.p50_h !== null && row.n === 1) return `one took ${hours(row.p50_h)}`;
  if (row.p50_h !== null) {
    const nine = row.p90_h === null || row.n < FEW ? "" : `, 9 in 10 within ${hours(row.p90_h)}`;
    return `half within ${hours(row.p50_h)}${nine}`;
  }
  const [low, high] = row.p50_bounds_h ?? [0, null];
  return high === null ? `half over ${hours(low)} or more` : `half within ${hours(low)} to ${hours(high)}`;
}

/** All directions in one line: "half within 31 h PK to IR, 9 h 30 min IR to PK". */
export function summaryText(rows: readonly BorderStatistics[]): string {
  const [first, ...others] = rows;
  if (!first) return "";
  const each = rows.flatMap(row =>
    row.p50_h === null ? [] : [`${hours(row.p50_h)} ${row.from_side} to ${row.to_side}`],
  );
  return others.length === 0 || each.length === 0 ? standingText(first) : `half within ${each.join(", ")}`;
}

/** "mean 34 h, of 12 crossings; 3 more were there at first sight; 2 last, the longest for 82 h". */
export function groundText(row: Standing): string {
  const of = `of ${plural(row.n, "crossing")}`;
  const longest = row.longest_open_h === null ? "" : `, the longest for ${hours(row.longest_open_h)}`;
  return [
    row.mean_h === null || row.n === 1 ? of : `mean ${hours(row.mean_h)}, ${of}`,
    ...(row.cut > 0 ? [`${row.cut} more ${row.cut === 1 ? "was" : "were"} there at first sight`] : []),
    ...(row.open > 0 ? [`${row.open} not over yet${longest}`] : []),
  ].join("; ");
}

/** "2 h longer every month, over 5 months"; empty without a trend. */
export function trendText(trend: BorderStatistics["trend"]): string {
  if (trend === null) return "";
  const over = `over ${plural(trend.months, "month")}`;
  if (Math.abs(trend.hours_per_month) < LEAST_TREND_H) return `Steady ${over}`;
  const way = trend.hours_per_month > 0 ? "longer" : "shorter";
  return `${hours(Math.abs(trend.hours_per_month))} ${way} every month, ${over}`;
}

export interface Month {
  /** "Nov 2026" */
  readonly name: string;
  readonly standing: Standing | null;
  /** Shares of the chart's height; null: no median in this month. */
  readonly p50: number | null;
  readonly p90: number | null;
}

/** Month after month up to the last one, those without a crossing too; at most a year and a half. */
export function monthsOf(byMonth: BorderStatistics["by_month"]): Month[] {
  const known = Object.keys(byMonth)
    .map(indexOf)
    .filter(index => index !== null)
    .sort((a, b) => a - b);
  const last = known.at(-1);
  if (last === undefined) return [];
  const first = Math.max(known[0] ?? last, last - MOST_MONTHS + 1);
  const shown = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const standings = shown.map(index => byMonth[keyOf(index)] ?? null);
  const most = Math.max(1e-9, ...standings.map(s => s?.p90_h ?? s?.p50_h ?? 0));
  const share = (h: number | null | undefined) => (h === null || h === undefined ? null : h / most);
  return shown.map((index, i) => {
    const standing = standings[i] ?? null;
    return { name: nameOf(index), standing, p50: share(standing?.p50_h), p90: share(standing?.p90_h) };
  });
}

/** Months since the year 0, from "2026-11"; null for what is no month. */
function indexOf(key: string): number | null {
  const parts = /^(\d{4})-(\d{2})$/.exec(key);
  return parts ? Number(parts[1]) * 12 + Number(parts[2]) - 1 : null;
}

function keyOf(index: number): string {
  return `${String(Math.floor(index / 12)).padStart(4, "0")}-${String((index % 12) + 1).padStart(2, "0")}`;
}

function nameOf(index: number): string {
  return `${MONTH_NAMES[index % 12]} ${Math.floor(index / 12)}`;
}

function hours(h: number): string {
  return duration(h * HOUR_S);
}
