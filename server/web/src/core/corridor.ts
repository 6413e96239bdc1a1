/**
 * A corridor's GeoJSON (schema 1) as what the map draws: legs, zones, places, borders. Pure. What it does not
 * understand it leaves out: the server has already refused corridors that are wrong.
 */

import type { Feature, FeatureCollection, LineString, Point, Polygon, Position } from "geojson";
import { boxOf, circleRing } from "./geo.ts";

export type Mode = "rail" | "road";

export interface Place {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly country: string | null;
  readonly tz: string | null;
  readonly borderId: string | null;
  readonly side: string | null;
  readonly km: number | null;
  readonly at: Position;
}

export interface Border {
  readonly id: string;
  readonly name: string;
  readonly at: Position;
}

export interface Corridor {
  readonly name: string;
  readonly title: string;
  readonly attribution: string;
  readonly places: readonly Place[];
  readonly borders: readonly Border[];
  readonly lines: readonly Feature<LineString, { mode: Mode }>[];
  readonly zones: readonly Feature<Polygon, { id: string }>[];
}

/** The file as the server sends it: a FeatureCollection with a few members of its own. */
export interface CorridorFile extends FeatureCollection {
  readonly name?: string;
  readonly title?: string;
  readonly attribution?: string;
}

interface Leg {
  readonly mode: Mode;
  readonly fromKm: number;
  readonly toKm: number;
}

export function readCorridor(file: CorridorFile, name: string): Corridor {
  const features = file.features.filter(f => f.properties !== null);
  const of = (kind: string) => features.filter(f => f.properties?.kind === kind);
  const places = of("place").flatMap(readPlace);
  const legs = of("leg").flatMap(readLeg);
  const drawn = [...of("leg"), ...of("line")].flatMap(f => readLine(f));
  return {
    name,
    title: text(file.title) ?? name,
    attribution: text(file.attribution) ?? "",
    places,
    borders: of("border").flatMap(f => readBorder(f, places)),
    lines: drawn.length > 0 ? drawn : linesThrough(places, legs),
    zones: of("place").flatMap(readZone),
  };
}

function readPlace(feature: Feature): Place[] {
  const p = feature.properties ?? {};
  const id = text(p.id);
  const at = centre(feature);
  if (id === null || at === null) return [];
  return [
    {
      id,
      name: text(p.name) ?? id,
      roles: Array.isArray(p.roles) ? p.roles.filter(role => typeof role === "string") : [],
      country: text(p.country),
      tz: text(p.tz),
      borderId: text(p.border_id),
      side: text(p.side),
      km: number(p.km),
      at,
    },
  ];
}

/** A border without a line point of its own stands in the middle of its yards. */
function readBorder(feature: Feature, places: readonly Place[]): Border[] {
  const id = text(feature.properties?.id);
  if (id === null) return [];
  const box = boxOf(places.filter(place => place.borderId === id).map(place => place.at));
  const at = centre(feature) ?? (box && [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]);
  return at ? [{ id, name: text(feature.properties?.name) ?? id, at }] : [];
}

function readLeg(feature: Feature): Leg[] {
  const p = feature.properties ?? {};
  const [fromKm, toKm] = [number(p.from_km), number(p.to_km)];
  return fromKm === null || toKm === null ? [] : [{ mode: mode(p.mode), fromKm, toKm }];
}

function readLine(feature: Feature): Feature<LineString, { mode: Mode }>[] {
  const shape = feature.geometry;
  const strings =
    shape?.type === "LineString" ? [shape.coordinates] : shape?.type === "MultiLineString" ? shape.coordinates : [];
  return strings.map(coordinates => line(coordinates, mode(feature.properties?.mode)));
}

/** Without drawn geometry the corridor runs from place to place, by road where a road leg says so. */
function linesThrough(places: readonly Place[], legs: readonly Leg[]): Feature<LineString, { mode: Mode }>[] {
  const ordered = places.filter(p => p.km !== null).sort((a, b) => (a.km ?? 0) - (b.km ?? 0));
  const lines: Feature<LineString, { mode: Mode }>[] = [];
  ordered.slice(1).forEach((to, i) => {
    const from = ordered[i];
    if (!from) return;
    const middleKm = ((from.km ?? 0) + (to.km ?? 0)) / 2;
    const by = legs.find(leg => leg.fromKm <= middleKm && middleKm <= leg.toKm)?.mode ?? "rail";
    const last = lines.at(-1);
    if (last?.properties.mode === by) last.geometry.coordinates.push(to.at);
    else lines.push(line([from.at, to.at], by));
  });
  return lines;
}

function readZone(feature: Feature): Feature<Polygon, { id: string }>[] {
  const id = text(feature.properties?.id);
  const radiusM = number(feature.properties?.radius_m);
  const shape = feature.geometry;
  if (id === null) return [];
  if (shape?.type === "Polygon") return [{ type: "Feature", properties: { id }, geometry: shape }];
  if (shape?.type !== "Point" || radiusM === null) return [];
  const [lon = 0, lat = 0] = shape.coordinates;
  const geometry: Polygon = { type: "Polygon", coordinates: [circleRing(lon, lat, radiusM)] };
  return [{ type: "Feature", properties: { id }, geometry }];
}

function centre(feature: Feature): Position | null {
  const shape = feature.geometry;
  if (shape?.type === "Point") return shape.coordinates;
  const box = shape?.type === "Polygon" ? boxOf(shape.coordinates[0] ?? []) : null;
  return box && [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
}

function line(coordinates: Position[], by: Mode): Feature<LineString, { mode: Mode }> {
  return { type: "Feature", properties: { mode: by }, geometry: { type: "LineString", coordinates: [...coordinates] } };
}

function mode(value: unknown): Mode {
  return value === "road" ? "road" : "rail";
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** What kind of mark a place gets: its most telling role. */
export type Mark = "border" | "gauge" | "terminal" | "station";

export function markOf(place: Place): Mark {
  const has = (role: string) => place.roles.some(r => r.replaceAll(/[-_]/g, " ").startsWith(role));
  if (has("border") || place.borderId !== null) return "border";
  if (has("gauge")) return "gauge";
  return has("terminal") || has("transfer") ? "terminal" : "station";
}

/** Places of all corridors, each once: corridors share their ends. */
export function placesOf(corridors: readonly Corridor[]): Feature<Point, { id: string; name: string; mark: Mark }>[] {
  const byId = new Map(corridors.flatMap(c => c.places).map(place => [place.id, place]));
  return [...byId.values()].map(place => ({
    type: "Feature",
    properties: { id: place.id, name: place.name, mark: markOf(place) },
    geometry: { type: "Point", coordinates: [...place.at] },
  }));
}

export function bordersOf(corridors: readonly Corridor[]): Feature<Point, { id: string; name: string }>[] {
  const byId = new Map(corridors.flatMap(c => c.borders).map(border => [border.id, border]));
  return [...byId.values()].map(({ id, name, at }) => ({
    type: "Feature",
    properties: { id, name },
    geometry: { type: "Point", coordinates: [...at] },
  }));
}

/** The name of a place on any corridor; its id where no corridor has it (any more). */
export function placeNames(corridors: readonly Corridor[]): (id: string) => string {
  const names = new Map(corridors.flatMap(c => c.places).map(place => [place.id, place.name]));
  return id => names.get(id) ?? id;
}

/** Time zones by place, and by border and side, for local times in tooltips. */
export interface Zones {
  place(id: string): string | null;
  side(borderId: string | null, side: string | null): string | null;
}

export function zonesOf(corridors: readonly Corridor[]): Zones {
  const places = corridors.flatMap(c => c.places);
  const byPlace = new Map(places.map(p => [p.id, p.tz]));
  const bySide = new Map(places.filter(p => p.borderId).map(p => [`${p.borderId} ${p.side ?? p.country}`, p.tz]));
  return {
    place: id => byPlace.get(id) ?? null,
    side: (borderId, side) => bySide.get(`${borderId} ${side}`) ?? null,
  };
}
