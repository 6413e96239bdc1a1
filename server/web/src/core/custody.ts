/**
 * Custody as words: what a visit or leg did to the unit, and which of them are worth reading. Pure.
 * It judges nothing but the limits that the server judged: a door may well be opened at a customs yard.
 */

import type { ConditionRow, CustodyRow, Incident, Tally } from "./rows.ts";
import { duration, parseMs } from "./time.ts";
import { plural } from "./words.ts";

interface Channel {
  readonly label: string;
  show(value: number): string;
  readonly over: string;
  readonly under: string;
}

const CHANNELS: Readonly<Record<string, Channel>> = {
  temp_c: { label: "Temperature", show: value => `${value.toFixed(1)} °C`, over: "Too warm", under: "Too cold" },
  humidity_pct: { label: "Humidity", show: value => `${Math.round(value)} %`, over: "Too humid", under: "Too dry" },
};
/** Less than this share of the time known is worth saying. */
const WELL_KNOWN = 0.9;

/** A channel that the page has no words for is told under its own name, which ends with its unit. */
export function channelOf(name: string): Channel {
  const other = { label: name, show: (value: number) => value.toFixed(2), over: `${name} too high` };
  return CHANNELS[name] ?? { ...other, under: `${name} too low` };
}

/** "Taftan", or "Taftan to Mirjaveh" for the way between. */
export function spanName(row: CustodyRow, placeName: (id: string) => string): string {
  if (row.kind === "visit") return row.place_name ?? row.place ?? "A place";
  const [from, to] = [row.from_place, row.to_place].map(id => (id === null ? null : placeName(id)));
  if (from && to) return `${from} to ${to}`;
  if (from) return `On from ${from}`;
  return to ? `On the way to ${to}` : "On the way";
}

/** "-4.0 to 6.2 °C" and "mean 1.3", and for how much of the time it is known where that is not most of it. */
export function conditionText(channel: string, row: ConditionRow): { range: string; mean: string; known: string } {
  const { show } = channelOf(channel);
  const all = row.known_s + row.unknown_s;
  const known = row.known_s < all * WELL_KNOWN ? `known for ${duration(row.known_s)} of ${duration(all)}` : "";
  const bare = (value: number) => show(value).replace(/ \D*$/, "");
  if (row.min === row.max) return { range: show(row.mean), mean: "", known };
  return { range: `${bare(row.min)} to ${show(row.max)}`, mean: `mean ${bare(row.mean)}`, known };
}

/** "Too warm for 3 h 20 min", for each limit that was surely passed. */
export function beyondTexts(row: CustodyRow): string[] {
  return Object.entries(row.conditions).flatMap(([name, condition]) => {
    const { over, under } = channelOf(name);
    const passed: readonly (readonly [string, number | null])[] = [
      [over, condition.over_s],
      [under, condition.under_s],
    ];
    return passed.flatMap(([words, s]) => (s ? [`${words} for ${duration(s)}`] : []));
  });
}

/** "Shock 4.20 g", "Door open for 12 min". */
export function incidentText({ event, value, time, ended }: Pick<Incident, "event" | "value" | "time" | "ended">) {
  const [fromMs, toMs] = [parseMs(time), parseMs(ended)];
  switch (event) {
    case "shock":
      return value === null ? "Shock" : `Shock ${value.toFixed(2)} g`;
    case "door_opened":
      return fromMs === null || toMs === null
        ? "Door opened, not seen closed"
        : `Door open for ${duration((toMs - fromMs) / 1000)}`;
    case "light_breach":
      return value === null ? "Light inside" : `Light inside, ${Math.round(value)} lux`;
    case "tilt":
      return value === null ? "Tilted" : `Tilted ${Math.round(value)}°`;
    default:
      return event.replaceAll("_", " ");
  }
}

/** "3 shocks, worst 4.20 g", "1 door opening"; how many were counted and not told of. */
export function tallyTexts({ shocks, doors }: Pick<CustodyRow, "shocks" | "doors">): string[] {
  const worst = shocks.worst_g === null ? "" : `, worst ${shocks.worst_g.toFixed(2)} g`;
  return [
    ...(shocks.times > 0 ? [`${plural(shocks.times, "shock")}${worst}${untold(shocks)}`] : []),
    ...(doors.times > 0 ? [`${plural(doors.times, "door opening")}${untold(doors)}`] : []),
  ];
}

function untold(tally: Tally): string {
  const more = tally.times - tally.seen;
  if (more <= 0) return "";
  return tally.seen === 0 ? " (only counted, not told when)" : ` (${more} only counted)`;
}

/** Something happened here, or a limit was passed. */
export function isNotable(row: CustodyRow): boolean {
  return row.incidents.length + row.shocks.times + row.doors.times > 0 || beyondTexts(row).length > 0;
}

/** Newest first; what began before anything is known comes last. */
export function newestFirst(rows: readonly CustodyRow[]): CustodyRow[] {
  const startMs = ({ start }: CustodyRow) => parseMs(start?.est ?? start?.latest ?? start?.earliest) ?? 0;
  return [...rows].sort((a, b) => startMs(b) - startMs(a));
}

export interface Extent {
  readonly low: number;
  readonly high: number;
}

/** The channel's range over the whole journey, which all its bars share; null where there is nothing to compare. */
export function extentOf(rows: readonly CustodyRow[], channel: string): Extent | null {
  const own = rows.flatMap(row => row.conditions[channel] ?? []);
  if (own.length < 2) return null;
  return { low: Math.min(...own.map(c => c.min)), high: Math.max(...own.map(c => c.max)) };
}

/** Where a range lies within the extent, as shares from its low end. */
export function rangeShares(row: ConditionRow, extent: Extent): { from: number; to: number; mean: number } {
  const span = extent.high - extent.low;
  const share = (value: number) => (span === 0 ? 0.5 : (value - extent.low) / span);
  return { from: share(row.min), to: share(row.max), mean: share(row.mean) };
}
