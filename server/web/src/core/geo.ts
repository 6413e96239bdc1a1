/** Plane and sphere geometry that the map needs: rings, circles, boxes. Pure; degrees, [lon, lat] as in GeoJSON. */

import type { MultiPolygon, Polygon, Position } from "geojson";

const EARTH_RADIUS_M = 6_371_008.8;
const RADIANS = Math.PI / 180;

/** [west, south, east, north] */
export type Box = readonly [number, number, number, number];

export function boxOf(positions: Iterable<Position>): Box | null {
  let box: [number, number, number, number] | null = null;
  for (const [lon, lat] of positions) {
    if (lon === undefined || lat === undefined) continue;
    if (box === null) box = [lon, lat, lon, lat];
    else box = [Math.min(box[0], lon), Math.min(box[1], lat), Math.max(box[2], lon), Math.max(box[3], lat)];
  }
  return box;
}

/** A circle on the ground as a ring of `corners` + 1 positions; good for radii far below the Earth's. */
export function circleRing(lon: number, lat: number, radiusM: number, corners = 48): Position[] {
  const dLat = radiusM / EARTH_RADIUS_M / RADIANS;
  const dLon = dLat / Math.max(0.01, Math.cos(lat * RADIANS));
  return Array.from({ length: corners + 1 }, (_, i) => {
    const angle = (2 * Math.PI * (i % corners)) / corners;
    return [lon + dLon * Math.cos(angle), lat + dLat * Math.sin(angle)];
  });
}

/**
 * A line whose longitudes go on past ±180° instead of jumping across the map: every step is the short way round.
 */
export function unwrapped(line: readonly Position[]): Position[] {
  let turn = 0;
  return line.map(([lon = 0, lat = 0], i) => {
    const before = line[i - 1]?.[0];
    if (before !== undefined && Math.abs(lon - before) > 180) turn += lon < before ? 360 : -360;
    return [lon + turn, lat];
  });
}

export function ringsOf(shape: Polygon | MultiPolygon): Position[][] {
  return shape.type === "Polygon" ? shape.coordinates : shape.coordinates.flat();
}

/** Even-odd rule over all rings at once, so holes and islands both count right. */
export function contains(shape: Polygon | MultiPolygon, [lon = 0, lat = 0]: Position): boolean {
  let inside = false;
  for (const ring of ringsOf(shape)) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [xi = 0, yi = 0] = ring[i] ?? [];
      const [xj = 0, yj = 0] = ring[j] ?? [];
      if (yi > lat !== yj > lat && lon < ((xj - xi) * (lat - yi)) / (yj - yi) + xi) inside = !inside;
    }
  }
  return inside;
}

/** Where a country's name goes: the centre of mass of its largest ring; `weight` is that ring's area. */
export function labelPoint(shape: Polygon | MultiPolygon): { at: Position; weight: number } {
  let best = { at: [0, 0] as Position, weight: 0 };
  for (const ring of ringsOf(shape)) {
    const centred = centroid(ring);
    if (centred.weight > best.weight) best = centred;
  }
  return best;
}

function centroid(ring: readonly Position[]): { at: Position; weight: number } {
  let area = 0;
  let x = 0;
  let y = 0;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi = 0, yi = 0] = ring[i] ?? [];
    const [xj = 0, yj = 0] = ring[j] ?? [];
    const cross = xj * yi - xi * yj;
    area += cross;
    x += (xj + xi) * cross;
    y += (yj + yi) * cross;
  }
  return area === 0
    ? { at: ring[0] ?? [0, 0], weight: 0 }
    : { at: [x / (3 * area), y / (3 * area)], weight: Math.abs(area) };
}
