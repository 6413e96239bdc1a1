/**
 * Names and quantities as words: units, countries, speed, course, position, condition.
 * Pure; knows no element of the page. All strings may come from anybody, and are only ever shown as text.
 */

import type { UnitRow } from "./rows.ts";

const COMPASS = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"] as const;
const MOVING_MPS = 0.5;
const countryNames = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });

/** "MSCU 123456 7" (ISO 6346), "21 81 2471 217 3" (UIC), anything else as it is. */
export function unitName(unit: string): string {
  const container = /^([A-Z]{4})(\d{6})(\d)$/.exec(unit);
  if (container) return container.slice(1).join(" ");
  const wagon = /^(\d{2})(\d{2})(\d{4})(\d{3})(\d)$/.exec(unit);
  return wagon ? wagon.slice(1).join(" ") : unit;
}

/** "Pakistan" for "PK"; the code itself where the browser knows no name. */
export function countryName(code: string): string {
  try {
    return countryNames.of(code) ?? code;
  } catch (error) {
    if (error instanceof RangeError) return code;
    throw error;
  }
}

export function isMoving(speedMps: number | null): boolean {
  return speedMps !== null && speedMps > MOVING_MPS;
}

/** "43 km/h north-east" as "43 km/h NE"; "standing" below walking speed. */
export function motionText(speedMps: number | null, courseDeg: number | null): string {
  if (speedMps === null) return "speed not known";
  if (!isMoving(speedMps)) return "standing";
  const course = courseDeg === null ? "" : ` ${compass(courseDeg)}`;
  return `${Math.round(speedMps * 3.6)} km/h${course}`;
}

export function compass(courseDeg: number): string {
  return COMPASS[((Math.round(courseDeg / 45) % 8) + 8) % 8] ?? "N";
}

/** "28.9726° N 61.5569° E" */
export function positionText(lat: number, lon: number): string {
  const half = (value: number, plus: string, minus: string) =>
    `${Math.abs(value).toFixed(4)}° ${value < 0 ? minus : plus}`;
  return `${half(lat, "N", "S")} ${half(lon, "E", "W")}`;
}

/** "Taftan, Pakistan", or "on the line" when the unit is in no place. */
export function whereText(place: UnitRow["place"]): string {
  if (!place) return "On the line";
  return place.country ? `${place.name}, ${countryName(place.country)}` : place.name;
}

export interface ConditionItem {
  readonly key: string;
  readonly label: string;
  readonly text: string;
}

type Show = (value: number) => string;
/** The condition channels of telemetry's table, in the order people ask for them. */
const CONDITION: readonly (readonly [key: string, label: string, show: Show])[] = [
  ["temp_c", "Temperature", value => `${value.toFixed(1)} °C`],
  ["humidity_pct", "Humidity", value => `${Math.round(value)} %`],
  ["battery_v", "Battery", value => `${value.toFixed(2)} V`],
  ["door_open", "Door", value => (value ? "open" : "closed")],
  ["shock_peak_g", "Shock peak", value => `${value.toFixed(2)} g`],
];

/** The known condition channels that have a value; a boolean counts as 0 or 1. */
export function conditionItems(condition: UnitRow["condition"]): ConditionItem[] {
  return CONDITION.flatMap(([key, label, show]) => {
    const value = condition[key];
    return value === null || value === undefined ? [] : [{ key, label, text: show(Number(value)) }];
  });
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
