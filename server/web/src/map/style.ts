/**
 * The map's style: what is drawn, in which order, from which source. Pure: palette in, style out.
 * No glyphs or sprite address: text is drawn from the machine's own fonts, marks are images made here.
 */

import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import type { Palette } from "./palette.ts";

export const SOURCES = [
  "countries",
  "coast",
  "frontiers",
  "country-names",
  "corridors",
  "zones",
  "places",
  "borders",
  "track",
  "untrusted",
  "units",
] as const;
export type SourceName = (typeof SOURCES)[number];

export const UNIT_LAYERS = ["unit-mark"];
export const BORDER_LAYERS = ["border-mark"];

// The first name decides the weight (MapLibre reads it from the name); the rest are what machines really have.
const FACES = ["Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "Helvetica Neue", "Arial"];
const REGULAR = ["Railbox Regular", ...FACES];
const BOLD = ["Railbox Bold", ...FACES];

export function buildStyle(palette: Palette): StyleSpecification {
  return {
    version: 8,
    sources: Object.fromEntries(
      SOURCES.map(name => [name, { type: "geojson", data: { type: "FeatureCollection", features: [] } }]),
    ),
    layers: [
      { id: "sea", type: "background", paint: { "background-color": palette.sea } },
      ...base(palette),
      ...corridors(palette),
      ...track(palette),
      ...names(palette),
      ...marks(palette),
    ],
  };
}

function base(palette: Palette): LayerSpecification[] {
  return [
    {
      id: "land",
      type: "fill",
      source: "countries",
      paint: { "fill-color": ["case", ["get", "washed"], palette.wash, palette.land], "fill-antialias": false },
    },
    {
      id: "coast",
      type: "line",
      source: "coast",
      paint: { "line-color": palette.coast, "line-width": 0.8 },
    },
    {
      id: "frontiers",
      type: "line",
      source: "frontiers",
      layout: { "line-join": "round" },
      paint: { "line-color": palette.frontier, "line-width": grow(2, 0.7, 7, 1.6), "line-dasharray": [3, 2] },
    },
  ];
}

function corridors(palette: Palette): LayerSpecification[] {
  const round = { "line-join": "round", "line-cap": "round" } as const;
  return [
    {
      id: "zone",
      type: "fill",
      source: "zones",
      minzoom: 6,
      paint: { "fill-color": palette.zone, "fill-opacity": 0.12, "fill-outline-color": palette.zone },
    },
    {
      id: "corridor-case",
      type: "line",
      source: "corridors",
      layout: round,
      paint: { "line-color": palette["rail-case"], "line-width": grow(3, 3.6, 8, 7) },
    },
    {
      id: "corridor-rail",
      type: "line",
      source: "corridors",
      filter: ["==", ["get", "mode"], "rail"],
      layout: round,
      paint: { "line-color": palette.rail, "line-width": grow(3, 1.6, 8, 3) },
    },
    {
      id: "corridor-road",
      type: "line",
      source: "corridors",
      filter: ["==", ["get", "mode"], "road"],
      paint: { "line-color": palette.rail, "line-width": grow(3, 1.6, 8, 3), "line-dasharray": [2, 1.6] },
    },
  ];
}

function track(palette: Palette): LayerSpecification[] {
  return [
    {
      id: "track-case",
      type: "line",
      source: "track",
      layout: { "line-join": "round", "line-cap": "round" },
      paint: { "line-color": palette.halo, "line-width": grow(3, 5, 8, 7) },
    },
    {
      id: "track",
      type: "line",
      source: "track",
      filter: ["!", ["get", "dark"]],
      layout: { "line-join": "round", "line-cap": "round" },
      paint: { "line-color": palette.accent, "line-width": grow(3, 2.6, 8, 4) },
    },
    {
      id: "track-dark",
      type: "line",
      source: "track",
      filter: ["get", "dark"],
      paint: { "line-color": palette.accent, "line-width": grow(3, 2, 8, 3), "line-dasharray": [1.2, 1.6] },
    },
    {
      id: "untrusted",
      type: "circle",
      source: "untrusted",
      paint: {
        "circle-radius": 3.5,
        "circle-color": "rgba(0, 0, 0, 0)",
        "circle-stroke-color": palette.accent,
        "circle-stroke-width": 1.4,
      },
    },
  ];
}

function names(palette: Palette): LayerSpecification[] {
  const halo = { "text-halo-color": palette.halo, "text-halo-width": 1.4 } as const;
  return [
    {
      id: "country-name",
      type: "symbol",
      source: "country-names",
      maxzoom: 7,
      filter: [">", ["get", "weight"], ["interpolate", ["linear"], ["zoom"], 2, 60, 4, 8, 6, 0]],
      layout: {
        "text-field": ["upcase", ["get", "name"]],
        "text-font": REGULAR,
        "text-size": grow(2, 9.5, 6, 13),
        "text-letter-spacing": 0.18,
        "text-max-width": 7,
        "text-padding": 6,
        "symbol-sort-key": ["-", 0, ["get", "weight"]],
      },
      paint: {
        "text-color": ["case", ["get", "washed"], palette["ink-soft"], palette["ink-faint"]],
        "text-opacity": ["interpolate", ["linear"], ["zoom"], 5.5, 0.9, 7, 0],
      },
    },
    {
      id: "place-name",
      type: "symbol",
      source: "places",
      minzoom: 5,
      layout: {
        "text-field": ["get", "name"],
        "text-font": REGULAR,
        "text-size": grow(5, 11, 9, 13),
        "text-variable-anchor": ["left", "right", "top", "bottom"],
        "text-radial-offset": 0.8,
        "text-justify": "auto",
        "symbol-sort-key": ["match", ["get", "mark"], "border", 0, "gauge", 1, "terminal", 2, 3],
      },
      paint: { "text-color": palette["ink-soft"], ...halo },
    },
    {
      id: "border-name",
      type: "symbol",
      source: "borders",
      maxzoom: 8,
      layout: {
        "text-field": ["get", "name"],
        "text-font": BOLD,
        "text-size": grow(2, 10.5, 6, 12.5),
        "text-variable-anchor": ["left", "right", "top", "bottom"],
        "text-radial-offset": 1.05,
        "text-justify": "auto",
        "text-max-width": 9,
      },
      paint: {
        "text-color": palette["ink-soft"],
        "text-opacity": ["interpolate", ["linear"], ["zoom"], 6.5, 1, 7.5, 0],
        ...halo,
      },
    },
    {
      id: "unit-name",
      type: "symbol",
      source: "units",
      layout: {
        "text-field": [
          "format",
          ["get", "name"],
          {},
          ["case", ["==", ["get", "age"], ""], "", ["concat", "\n", ["get", "age"]]],
          { "font-scale": 0.88, "text-color": palette["ink-soft"] },
        ],
        "text-font": BOLD,
        "text-size": 11.5,
        "text-variable-anchor": ["bottom", "top", "left", "right"],
        "text-radial-offset": 1.6,
        "text-justify": "auto",
        "symbol-sort-key": ["-", 0, ["get", "rank"]],
      },
      paint: { "text-color": palette.ink, "text-halo-color": palette.halo, "text-halo-width": 1.8 },
    },
  ];
}

/** Marks come after all names: what is drawn later is placed first, so names keep clear of marks. */
function marks(palette: Palette): LayerSpecification[] {
  const faded: ExpressionSpecification = ["match", ["get", "contact"], "fresh", 1, "ageing", 0.75, 0.9];
  return [
    {
      id: "place-mark",
      type: "symbol",
      source: "places",
      minzoom: 4.5,
      layout: { "icon-image": ["concat", "place:", ["get", "mark"]], "icon-allow-overlap": true, "icon-padding": 0 },
    },
    {
      id: "border-mark",
      type: "symbol",
      source: "borders",
      maxzoom: 9,
      layout: { "icon-image": ["concat", "border:", ["get", "tone"]], "icon-allow-overlap": true, "icon-padding": 0 },
    },
    {
      id: "unit-selected",
      type: "circle",
      source: "units",
      filter: ["get", "selected"],
      paint: {
        "circle-radius": 15,
        "circle-color": palette.accent,
        "circle-opacity": 0.18,
        "circle-stroke-color": palette.accent,
        "circle-stroke-width": 2,
      },
    },
    {
      id: "unit-heading",
      type: "symbol",
      source: "units",
      filter: ["get", "moving"],
      layout: {
        "icon-image": ["concat", "heading:", ["get", "tone"]],
        "icon-rotate": ["get", "course"],
        "icon-rotation-alignment": "map",
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
      },
      paint: { "icon-opacity": faded },
    },
    {
      id: "unit-mark",
      type: "symbol",
      source: "units",
      layout: {
        "icon-image": ["concat", "unit:", ["get", "tone"], ":", ["get", "look"]],
        "icon-allow-overlap": true,
        "icon-padding": 0,
        "symbol-sort-key": ["get", "rank"],
      },
      paint: { "icon-opacity": faded },
    },
  ];
}

function grow(fromZoom: number, from: number, toZoom: number, to: number): ExpressionSpecification {
  return ["interpolate", ["linear"], ["zoom"], fromZoom, from, toZoom, to];
}
