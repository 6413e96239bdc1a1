/** State as the map's moving features: units with tone, look and age, borders with the tone of who stands there. Pure. */

import type { Feature, FeatureCollection, Point } from "geojson";
import { serverNow } from "../core/clock.ts";
import { bordersOf } from "../core/corridor.ts";
import { ageS, contact, type Tone, verdict, worstOf } from "../core/judgement.ts";
import type { State } from "../core/model.ts";
import type { UnitRow } from "../core/rows.ts";
import { ago, parseMs } from "../core/time.ts";
import { isMoving, unitName } from "../core/words.ts";

export interface UnitProperties {
  readonly unit: string;
  readonly name: string;
  readonly tone: Tone;
  readonly look: "solid" | "hollow";
  readonly contact: string;
  readonly moving: boolean;
  readonly course: number;
  readonly rank: number;
  /** Empty while the position is fresh. */
  readonly age: string;
  readonly selected: boolean;
}

export function unitFeatures(state: State, localMs: number): FeatureCollection<Point, UnitProperties> {
  const nowMs = state.clock ? serverNow(state.clock, localMs) : null;
  const features = [...state.units.values()].flatMap(row => unitFeature(row, nowMs, state.selected?.unit ?? null));
  return { type: "FeatureCollection", features };
}

function unitFeature(row: UnitRow, nowMs: number | null, selected: string | null): Feature<Point, UnitProperties>[] {
  if (!row.latest) return [];
  const heardMs = nowMs ?? parseMs(row.latest.time) ?? 0;
  const judged = worstOf(row);
  const heard = contact(row, heardMs);
  const chosen = row.unit === selected;
  return [
    {
      type: "Feature",
      geometry: { type: "Point", coordinates: [row.latest.lon, row.latest.lat] },
      properties: {
        unit: row.unit,
        name: unitName(row.unit),
        tone: judged.tone === "calm" && heard === "silent" ? "silent" : judged.tone,
        look: heard === "silent" || judged.unsure ? "hollow" : "solid",
        contact: heard,
        moving: isMoving(row.latest.speed_mps) && row.latest.course_deg !== null && heard !== "silent",
        course: row.latest.course_deg ?? 0,
        rank: judged.rank + (chosen ? 10 : 0),
        age: heard === "fresh" ? "" : ago(ageS(row, heardMs)),
        selected: chosen,
      },
    },
  ];
}

export function borderFeatures(state: State): FeatureCollection<Point, { id: string; name: string; tone: Tone }> {
  const worst = new Map(
    state.board?.borders.map(border => {
      const judged = border.rows.map(row => verdict(row)).sort((a, b) => b.rank - a.rank)[0];
      return [border.border, judged?.tone ?? "calm"] as const;
    }),
  );
  const features = bordersOf(state.corridors).map(feature => ({
    ...feature,
    properties: { ...feature.properties, tone: worst.get(feature.properties.id) ?? "calm" },
  }));
  return { type: "FeatureCollection", features };
}
