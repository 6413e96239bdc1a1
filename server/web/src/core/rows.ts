/**
 * The rows of the HTTP API as the page reads them: the contract with the server, and nothing else.
 * Times are ISO 8601 strings with Z; null means "not known", never zero.
 */

export type Flag = "none" | "over" | "critical";
export type Certainty = "certain" | "possible" | null;
export type ClockMode = "real" | "replay";

export interface ClockRow {
  readonly now: string;
  readonly mode: ClockMode;
}

/** When something happened: surely not before, best estimate, surely not after. */
export interface Bounds {
  readonly earliest: string | null;
  readonly est: string | null;
  readonly latest: string | null;
}

/** How long something lasted, with what is known at least and at most. */
export interface Dwell {
  readonly dwell_min_s: number | null;
  readonly dwell_est_s: number | null;
  readonly dwell_max_s: number | null;
}

/** How bad it is, and how sure that is. */
export interface Judgement {
  readonly flag: Flag;
  readonly certainty: Certainty;
  readonly no_contact_since: string | null;
}

export interface Latest {
  readonly time: string;
  readonly lat: number;
  readonly lon: number;
  readonly speed_mps: number | null;
  readonly course_deg: number | null;
  readonly accuracy_m: number | null;
  readonly device: string;
  readonly received_at: string;
}

/** Half of such journeys arrive by `p50`, nine in ten by `p90`. */
export interface Eta {
  readonly p50: string;
  readonly p90: string;
  /** Waits and runs of the fleet that it rests on; 0: on published figures alone. */
  readonly observations: number;
}

/** A border or the terminal; `eta` is null where the unit is there, beyond, or off the corridor. */
export interface Ahead {
  readonly id: string;
  readonly name: string;
  readonly km: number;
  readonly distance_km: number;
  readonly eta: Eta | null;
}

/** Minutes behind the timetable, negative: before it. */
export interface Timetable {
  readonly late_min: number;
  readonly late_at_end_min: number | null;
  readonly assumed: boolean;
}

/** Where on its corridor a unit is, as of its latest position. */
export interface Progress {
  readonly corridor: string;
  readonly km: number;
  readonly off_m: number;
  readonly off_since: string | null;
  readonly heading: "forward" | "backward" | null;
  readonly standing_at: string | null;
  readonly next_border: Ahead | null;
  readonly terminal: Ahead | null;
  readonly timetable: Timetable | null;
}

export interface UnitRow extends Judgement {
  readonly unit: string;
  readonly kind: "container" | "wagon" | "device";
  readonly devices: readonly string[];
  readonly corridor: string | null;
  readonly latest: Latest | null;
  readonly age_s: number | null;
  readonly place: { readonly id: string; readonly name: string; readonly country: string } | null;
  readonly since: string | null;
  readonly condition: Readonly<Record<string, number | boolean | null>>;
  readonly progress: Progress | null;
}

export interface VisitRow extends Dwell, Judgement {
  readonly id: string;
  readonly unit: string;
  readonly place: string;
  readonly place_name: string;
  readonly country: string | null;
  readonly roles: readonly string[];
  readonly entered: Bounds;
  readonly exited: Bounds | null;
  readonly already_inside: boolean;
  readonly limit_s: number | null;
}

export const CROSSING_STEPS = ["arrived", "left", "crossed", "reached", "departed"] as const;
export type CrossingStep = (typeof CROSSING_STEPS)[number];

export interface CrossingRow extends Dwell, Judgement, Readonly<Record<CrossingStep, Bounds | null>> {
  readonly id: string;
  readonly unit: string;
  readonly corridor: string | null;
  readonly border: string | null;
  readonly border_name: string | null;
  /** Where several borders fit and `border` is null; otherwise empty. */
  readonly candidates: readonly string[];
  readonly from_side: string | null;
  readonly to_side: string | null;
  readonly dwell_by_side: Readonly<Record<string, Dwell>>;
  readonly limit_s: number | null;
  readonly gauge_change: boolean | null;
  readonly returned: boolean;
}

export interface UnitDetail extends UnitRow {
  readonly visits: readonly VisitRow[];
  readonly crossings: readonly CrossingRow[];
}

export interface TrackPoint {
  readonly time: string;
  readonly lat: number;
  readonly lon: number;
  readonly dark_s: number | null;
  readonly trusted: boolean;
  readonly device: string;
}

export interface ReadingRow {
  readonly time: string;
  readonly channel: string;
  readonly value: number;
  readonly device: string;
}

export interface BoardRow extends Dwell, Judgement {
  readonly unit: string;
  readonly place: string;
  readonly place_name: string;
  readonly side: string | null;
  readonly since: Bounds;
}

export interface BoardBorder {
  readonly border: string;
  readonly name: string;
  readonly corridors: readonly string[];
  readonly sides: readonly string[];
  readonly limit_s: number | null;
  readonly expected_s: number | null;
  readonly rows: readonly BoardRow[];
  readonly recent: readonly CrossingRow[];
}

export interface Board {
  readonly now: string;
  readonly borders: readonly BoardBorder[];
}

/** One channel over a visit or leg, in the unit that its name ends with; the mean is by time, over what is known. */
export interface ConditionRow {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  readonly known_s: number;
  readonly unknown_s: number;
  /** Surely above its limit so long; null: it has none. */
  readonly over_s: number | null;
  readonly under_s: number | null;
}

/** How often: `seen` by events, `counted` by the board's own counter, which loses none. */
export interface Tally {
  readonly times: number;
  readonly seen: number;
  readonly counted: number | null;
}

export interface Incident {
  readonly event: string;
  readonly time: string;
  readonly device: string;
  readonly value: number | null;
  /** When the door was closed again. */
  readonly ended: string | null;
  /** By the bounds of the visit it may have happened in the span before, or after. */
  readonly doubt: "before" | "after" | null;
  readonly lat: number | null;
  readonly lon: number | null;
}

/** What happened to a unit in a visit, or on the leg between two. */
export interface CustodyRow {
  readonly kind: "visit" | "leg";
  readonly place: string | null;
  readonly place_name: string | null;
  readonly country: string | null;
  readonly from_place: string | null;
  readonly to_place: string | null;
  /** Null: since before anything is known. */
  readonly start: Bounds | null;
  /** Null: it lasts. */
  readonly end: Bounds | null;
  readonly conditions: Readonly<Record<string, ConditionRow>>;
  readonly shocks: Tally & { readonly worst_g: number | null };
  readonly doors: Tally;
  readonly incidents: readonly Incident[];
}

/** Hours that a border took, of `n` crossings that are over and were seen to begin. */
export interface Standing {
  readonly n: number;
  readonly p50_h: number | null;
  readonly p90_h: number | null;
  readonly mean_h: number | null;
  /** Surely between; an upper null: nothing bounds it. */
  readonly p50_bounds_h: readonly [number, number | null] | null;
  readonly open: number;
  readonly cut: number;
  readonly longest_open_h: number | null;
}

export interface BorderStatistics extends Standing {
  readonly border: string;
  readonly from_side: string;
  readonly to_side: string;
  /** By month of arrival (UTC), as 2026-11. */
  readonly by_month: Readonly<Record<string, Standing>>;
  readonly trend: { readonly hours_per_month: number; readonly months: number } | null;
}
