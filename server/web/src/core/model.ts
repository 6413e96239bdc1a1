/**
 * All that the page knows, as one value, and the ways it changes. Pure: each function returns the next state.
 * It must not know how the state is fetched or drawn.
 */

import { advancedBy, heard, type ServerClock } from "./clock.ts";
import type { Corridor } from "./corridor.ts";
import type {
  Board,
  BorderStatistics,
  ClockRow,
  CustodyRow,
  ReadingRow,
  TrackPoint,
  UnitDetail,
  UnitRow,
} from "./rows.ts";
import { parseMs } from "./time.ts";
import type { ConfigurationRow, DeviceDetail, DeviceRow, NoticeRow, TellingRow } from "./watchRows.ts";

export type Link = "connecting" | "live" | "lost";
export const TABS = ["borders", "units", "trackers", "notices"] as const;
export type Tab = (typeof TABS)[number];

/** The selected unit: its row is in `units`; this is what is fetched for it. */
export interface Selected {
  readonly unit: string;
  readonly detail: UnitDetail | null;
  readonly track: readonly TrackPoint[];
  readonly temperatures: readonly ReadingRow[];
  /** Null: not read yet. */
  readonly custody: readonly CustodyRow[] | null;
  readonly notices: readonly NoticeRow[];
  /** The server does not know this unit. */
  readonly unknown: boolean;
}

export interface Trackers {
  readonly rows: readonly DeviceRow[];
  readonly settings: readonly ConfigurationRow[];
}

/** What was told last, and how its posting fares. */
export interface Told {
  readonly notices: readonly NoticeRow[];
  readonly telling: TellingRow;
}

/** The tracker that is looked at closely. */
export interface Opened {
  readonly device: string;
  readonly detail: DeviceDetail | null;
}

export interface State {
  readonly clock: ServerClock | null;
  readonly link: Link;
  readonly units: ReadonlyMap<string, UnitRow>;
  readonly board: Board | null;
  readonly corridors: readonly Corridor[];
  readonly selected: Selected | null;
  readonly statistics: readonly BorderStatistics[];
  /** Null: not read yet. */
  readonly trackers: Trackers | null;
  readonly opened: Opened | null;
  /** Null: not read yet; "nothing": this server tells nobody anything. */
  readonly told: Told | "nothing" | null;
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
  statistics: [],
  trackers: null,
  opened: null,
  told: null,
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
  const nothing = { detail: null, track: [], temperatures: [], custody: null, notices: [], unknown: false };
  const selected = unit === null ? null : { unit, ...nothing };
  return { ...state, selected };
}

/** What was fetched for a unit; dropped when another one was selected meanwhile. */
export function withSelected(state: State, unit: string, fetched: Partial<Omit<Selected, "unit">>): State {
  return state.selected?.unit === unit ? { ...state, selected: { ...state.selected, ...fetched } } : state;
}

/** Looks closely at a tracker; what was known of it stays. */
export function opening(state: State, device: string | null): State {
  if (device === (state.opened?.device ?? null)) return state;
  return { ...state, opened: device === null ? null : { device, detail: null } };
}

/** What was fetched for a tracker; dropped when another one was opened meanwhile. */
export function withOpened(state: State, detail: DeviceDetail): State {
  return state.opened?.device === detail.device ? { ...state, opened: { device: detail.device, detail } } : state;
}
