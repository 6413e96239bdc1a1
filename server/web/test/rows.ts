/** Rows as the server would send them, for tests: plain unless told otherwise. */

import type { BoardBorder, BoardRow, UnitRow } from "../src/core/rows.ts";

export const NOW_MS = Date.parse("2026-11-20T06:00:00Z");

export function unit(name: string, { ageS = 20, ...more }: Partial<UnitRow> & { ageS?: number } = {}): UnitRow {
  const time = new Date(NOW_MS - ageS * 1000).toISOString();
  return {
    unit: name,
    kind: "container",
    devices: ["TRK"],
    corridor: "karachi-moscow",
    latest: {
      time,
      lat: 29,
      lon: 61,
      speed_mps: 0,
      course_deg: null,
      accuracy_m: 10,
      device: "TRK",
      received_at: time,
    },
    age_s: ageS,
    place: null,
    since: null,
    flag: "none",
    certainty: null,
    no_contact_since: null,
    condition: {},
    progress: null,
    ...more,
  };
}

export function boardRow(name: string, more: Partial<BoardRow> = {}): BoardRow {
  return {
    unit: name,
    place: "pk-taftan",
    place_name: "Taftan",
    side: "PK",
    since: { earliest: null, est: null, latest: null },
    dwell_min_s: null,
    dwell_est_s: null,
    dwell_max_s: null,
    flag: "none",
    certainty: null,
    no_contact_since: null,
    ...more,
  };
}

export function border(id: string, rows: readonly BoardRow[]): BoardBorder {
  const sides = ["PK", "IR"];
  return { border: id, name: id, corridors: [], sides, limit_s: 48 * 3600, expected_s: 24 * 3600, rows, recent: [] };
}
