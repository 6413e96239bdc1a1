/**
 * All that the page knows, as one value, and the ways it changes. Pure: each function returns the next state.
 * It must not know how the state is fetched or drawn.
 */

import { advancedBy, heard, type ServerClock } from "./clock.ts";
import type { Corridor } from "./corridor.ts";
import type { Board, ClockRow, ReadingRow, TrackPoint, UnitDetail, UnitRow } from "./rows.ts";
import { parseMs } from "./time.ts";

export type Link = "connecting" | "live" | "lost";
export type Tab = "borders" | "units";

/** The selected unit: its row is in `units`; this is what is fetched for it. */
export interface Selected {
  readonly unit: string;
  readonly detail: UnitDetail | null;
  readonly track: readonly TrackPoint[];
  readonly temperatures: readonly ReadingRow[];
  /** The server does not know this unit. */
  readonly unknown: boolean;
}

export interface State {
  readonly clock: ServerClock | null;
  readonly link: Link;
  readonly units: ReadonlyMap<string, UnitRow>;
  readonly board: Board | null;
  readonly corridors: readonly Corridor[];
  readonly selected: Selected | null;
  readonly tab: Tab;
  readonly query: string;
  /** What went wrong last, in words for the reader; null when all is well. */
  readonly trouble: string | null;
}

export const INITIAL: State = {
  clock: null,
  link: "connecting",
  units: new Map(),
  board: null,
  corridors: [],
  selected: null,
  tab: "borders",
  query: "",
  trouble: null,
};

export function withClock(state: State, row: ClockRow, localMs: number): State {
  return { ...state, clock: heard(row, localMs) ?? state.clock };
}

export function withUnits(state: State, rows: readonly UnitRow[]): State {
  return { ...state, units: new Map(rows.map(row => [row.unit, row])) };
}

export function withUnit(state: State, row: UnitRow): State {
  const clock = state.clock && advancedBy(state.clock, parseMs(row.latest?.time));
  return { ...state, clock, units: new Map(state.units).set(row.unit, row) };
}

export function selecting(state: State, unit: string | null): State {
  if (unit === (state.selected?.unit ?? null)) return state;
  const selected = unit === null ? null : { unit, detail: null, track: [], temperatures: [], unknown: false };
  return { ...state, selected };
}

/** What was fetched for a unit; dropped when another one was selected meanwhile. */
export function withSelected(state: State, unit: string, fetched: Partial<Omit<Selected, "unit">>): State {
  return state.selected?.unit === unit ? { ...state, selected: { ...state.selected, ...fetched } } : state;
}
