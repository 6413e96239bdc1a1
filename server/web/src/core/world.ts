/** The bundled world (Natural Earth through world-atlas) as what the map draws. Pure. */

import type {
  Feature,
  FeatureCollection,
  Geometry,
  MultiLineString,
  MultiPolygon,
  Point,
  Polygon,
  Position,
} from "geojson";
import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import { contains, labelPoint, unwrapped } from "./geo.ts";

export type WorldFile = Topology<{ countries: GeometryCollection<{ name: string }> }>;

export interface World {
  /** `washed`: a corridor runs through it, so it is drawn a little nearer. */
  readonly countries: FeatureCollection<Polygon | MultiPolygon, { washed: boolean }>;
  readonly borders: MultiLineString;
  readonly coast: MultiLineString;
  /** `weight` is the size of the country's largest part, in square degrees. */
  readonly labels: FeatureCollection<Point, { name: string; weight: number; washed: boolean }>;
}

/** Its outline runs round the pole, which a flat map cannot fill; no rail leads there. */
const ANTARCTICA = "010";

export function worldOf(file: WorldFile, corridorPlaces: readonly Position[]): World {
  const all = feature(file, file.objects.countries)
    .features.filter(isArea)
    .filter(country => country.id !== ANTARCTICA);
  const countries = all.map(country => ({
    ...country,
    geometry: flattened(country.geometry),
    properties: { name: country.properties.name, washed: corridorPlaces.some(at => contains(country.geometry, at)) },
  }));
  return {
    countries: { type: "FeatureCollection", features: countries },
    borders: lines(mesh(file, file.objects.countries, (a, b) => a !== b)),
    coast: lines(mesh(file, file.objects.countries, (a, b) => a === b && a.id !== ANTARCTICA)),
    labels: {
      type: "FeatureCollection",
      features: countries.map(({ geometry, properties }) => {
        const { at, weight } = labelPoint(geometry);
        return { type: "Feature", properties: { ...properties, weight }, geometry: { type: "Point", coordinates: at } };
      }),
    },
  };
}

type Named = { name: string };
type Area = Polygon | MultiPolygon;

function isArea(country: Feature<Geometry, Named>): country is Feature<Area, Named> {
  return country.geometry?.type === "Polygon" || country.geometry?.type === "MultiPolygon";
}

/** The bundled shapes lie on the sphere: those that cross the antimeridian are laid flat here. */
function flattened(shape: Area): Area {
  if (shape.type === "Polygon") return { type: "Polygon", coordinates: shape.coordinates.map(unwrapped) };
  return { type: "MultiPolygon", coordinates: shape.coordinates.map(polygon => polygon.map(unwrapped)) };
}

function lines(shape: MultiLineString): MultiLineString {
  return { type: "MultiLineString", coordinates: shape.coordinates.map(unwrapped) };
}
