/**
 * A unit's track as what the map draws: continuous steps solid, dark steps dashed, untrusted points on their
 * own and never part of a line. Pure. Steps are continuous only within one device.
 */

import type { Feature, FeatureCollection, LineString, Point, Position } from "geojson";
import type { Latest, TrackPoint } from "./rows.ts";
import { parseMs } from "./time.ts";

export type TrackLine = Feature<LineString, { dark: boolean }>;
export type UntrustedPoint = Feature<Point, { time: string }>;

export interface Track {
  readonly lines: FeatureCollection<LineString, { dark: boolean }>;
  readonly untrusted: FeatureCollection<Point, { time: string }>;
}

/** `latest` carries the line on to the live position when it is newer than the points. */
export function trackOf(points: readonly TrackPoint[], latest: Latest | null): Track {
  const trusted = points.filter(p => p.trusted);
  const lines = [...byDevice(trusted).values()].flatMap(own => linesOf(continued(own, latest)));
  const untrusted = points
    .filter(p => !p.trusted)
    .map(
      (p): UntrustedPoint => ({
        type: "Feature",
        properties: { time: p.time },
        geometry: { type: "Point", coordinates: at(p) },
      }),
    );
  return {
    lines: { type: "FeatureCollection", features: lines },
    untrusted: { type: "FeatureCollection", features: untrusted },
  };
}

function byDevice(points: readonly TrackPoint[]): Map<string, TrackPoint[]> {
  const groups = new Map<string, TrackPoint[]>();
  for (const point of points) {
    const own = groups.get(point.device);
    if (own) own.push(point);
    else groups.set(point.device, [point]);
  }
  return groups;
}

function continued(points: readonly TrackPoint[], latest: Latest | null): readonly TrackPoint[] {
  const last = points.at(-1);
  if (!latest || !last || latest.device !== last.device) return points;
  if ((parseMs(latest.time) ?? 0) <= (parseMs(last.time) ?? 0)) return points;
  return [...points, { ...latest, dark_s: 0, trusted: true }];
}

function linesOf(points: readonly TrackPoint[]): TrackLine[] {
  const lines: TrackLine[] = [];
  points.slice(1).forEach((to, i) => {
    const from = points[i];
    if (!from) return;
    const dark = (to.dark_s ?? 0) > 0;
    const last = lines.at(-1);
    if (last && last.properties.dark === dark) last.geometry.coordinates.push([to.lon, to.lat]);
    else
      lines.push({
        type: "Feature",
        properties: { dark },
        geometry: { type: "LineString", coordinates: [at(from), at(to)] },
      });
  });
  return lines;
}

function at(point: TrackPoint): Position {
  return [point.lon, point.lat];
}
