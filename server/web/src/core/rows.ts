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
