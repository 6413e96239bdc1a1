/**
 * The edge to MapLibre: puts the state on the map and says what was clicked. It decides nothing about units or
 * borders; what is drawn is made by features.ts, track.ts, corridor.ts and world.ts.
 */

import type { FeatureCollection, GeoJSON, Position } from "geojson";
import { type GeoJSONSource, Map as MapLibre, NavigationControl, ScaleControl, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import "maplibre-gl/dist/maplibre-gl.css";
import { type Corridor, placesOf } from "../core/corridor.ts";
import { type Box, boxOf } from "../core/geo.ts";
import type { State } from "../core/model.ts";
import { trackOf } from "../core/track.ts";
import { type WorldFile, worldOf } from "../core/world.ts";
import { borderFeatures, unitFeatures } from "./features.ts";
import { drawMarks, PIXEL_RATIO } from "./marks.ts";
import { readPalette } from "./palette.ts";
import { BORDER_LAYERS, buildStyle, type SourceName, UNIT_LAYERS } from "./style.ts";

setWorkerUrl(workerUrl);

/** Room on each side that something else covers, in CSS pixels. */
export interface Covered {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

export interface MapEvents {
  /** The units under the pointer, topmost first; empty: the ground. */
  onUnits(units: readonly string[]): void;
  onBorder(border: string): void;
  onReady(): void;
}

const CLOSE_ZOOM = 6.5;
const MAX_ZOOM = 14;

export class MapView {
  readonly #map: MapLibre;
  readonly #events: MapEvents;
  readonly #covered: () => Covered;
  #world: WorldFile | null = null;
  /** What each source shows now, by identity of what it was made from. */
  readonly #shown = new Map<SourceName, unknown>();
  #styled = false;
  #state: State | null = null;
  #fitted = false;

  constructor(container: HTMLElement, events: MapEvents, covered: () => Covered) {
    this.#events = events;
    this.#covered = covered;
    this.#map = new MapLibre({
      container,
      style: buildStyle(readPalette()),
      center: [72, 46],
      zoom: 2.6,
      minZoom: 1.4,
      maxZoom: MAX_ZOOM,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      renderWorldCopies: false,
      locale: { "Map.Title": "Map of units and corridors" },
    });
    this.#map.touchZoomRotate.disableRotation();
    this.#map.keyboard.disableRotation();
    this.#map.addControl(new NavigationControl({ showCompass: false }), "top-left");
    this.#map.addControl(new ScaleControl({ maxWidth: 90 }), "bottom-left");
    this.#map.on("style.load", () => this.#onStyle());
    this.#map.once("idle", () => this.#events.onReady());
    this.#listen();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#restyle());
    new ResizeObserver(() => this.#map.resize()).observe(container);
  }

  setWorld(file: WorldFile): void {
    this.#world = file;
    this.#draw();
  }

  show(state: State): void {
    this.#state = state;
    this.#draw();
    if (!this.#fitted && state.corridors.length > 0 && state.board !== null) {
      this.#fitted = true;
      this.#open(state);
    }
  }

  /** The first view: the unit that the address names, else everything. */
  #open(state: State): void {
    const latest = state.selected && state.units.get(state.selected.unit)?.latest;
    if (latest) this.reveal([latest.lon, latest.lat]);
    else this.fitAll(false);
  }

  /** All corridors and units. */
  fitAll(animate = true): void {
    const state = this.#state;
    if (!state) return;
    const units = [...state.units.values()].flatMap(row => (row.latest ? [[row.latest.lon, row.latest.lat]] : []));
    const places = state.corridors.flatMap(corridor => corridor.places.map(place => place.at));
    this.#fit(boxOf([...units, ...places]), animate);
  }

  /** The selected unit's whole track. */
  fitTrack(): void {
    const points = this.#state?.selected?.track.filter(p => p.trusted) ?? [];
    this.#fit(boxOf(points.map(p => [p.lon, p.lat])), true);
  }

  fitPoints(points: readonly Position[]): void {
    this.#fit(boxOf(points), true);
  }

  /** Brings a position into view, without moving the map when it is already well in view. */
  reveal(at: Position): void {
    const { top, right, bottom, left } = this.#covered();
    const { clientWidth, clientHeight } = this.#map.getContainer();
    const [lon = 0, lat = 0] = at;
    const { x, y } = this.#map.project([lon, lat]);
    const inView = x > left + 40 && x < clientWidth - right - 40 && y > top + 40 && y < clientHeight - bottom - 40;
    if (inView && this.#map.getZoom() >= 3.5) return;
    this.#map.easeTo({
      center: [lon, lat],
      zoom: Math.max(this.#map.getZoom(), 4.5),
      offset: [(left - right) / 2, (top - bottom) / 2],
      duration: 600,
    });
  }

  #fit(box: Box | null, animate: boolean): void {
    if (!box) return;
    const { top, right, bottom, left } = this.#covered();
    const room = Math.min(48, this.#map.getContainer().clientWidth / 12);
    this.#map.fitBounds([box[0], box[1], box[2], box[3]], {
      padding: { top: top + room, right: right + room, bottom: bottom + room, left: left + room },
      maxZoom: CLOSE_ZOOM + 3,
      duration: animate ? 700 : 0,
    });
  }

  #listen(): void {
    const map = this.#map;
    map.on("click", event => {
      const { x, y } = event.point;
      const around: [[number, number], [number, number]] = [
        [x - 8, y - 8],
        [x + 8, y + 8],
      ];
      if (!this.#styled) return;
      const units = map.queryRenderedFeatures(around, { layers: UNIT_LAYERS }).map(f => String(f.properties.unit));
      const border = map.queryRenderedFeatures(around, { layers: BORDER_LAYERS })[0];
      if (units.length > 0 || !border) this.#events.onUnits([...new Set(units)]);
      else this.#events.onBorder(String(border.properties.id));
    });
    for (const layer of [...UNIT_LAYERS, ...BORDER_LAYERS]) {
      map.on("mouseenter", layer, () => map.getCanvas().classList.add("pointing"));
      map.on("mouseleave", layer, () => map.getCanvas().classList.remove("pointing"));
    }
  }

  #restyle(): void {
    this.#styled = false;
    this.#map.setStyle(buildStyle(readPalette()), { diff: false });
  }

  #onStyle(): void {
    for (const { name, image } of drawMarks(readPalette()))
      this.#map.addImage(name, image, { pixelRatio: PIXEL_RATIO });
    this.#shown.clear();
    this.#styled = true;
    this.#draw();
  }

  #draw(): void {
    const state = this.#state;
    if (!this.#styled || !state) return;
    this.#drawBase(state.corridors);
    this.#drawCorridors(state.corridors);
    this.#put("borders", [state.board, state.corridors], () => borderFeatures(state));
    this.#put("units", [state.units, state.clock, state.selected?.unit], () => unitFeatures(state, performance.now()));
    const latest = state.selected ? (state.units.get(state.selected.unit)?.latest ?? null) : null;
    this.#put("track", [state.selected?.track, latest], () => trackOf(state.selected?.track ?? [], latest).lines);
    this.#put("untrusted", [state.selected?.track], () => trackOf(state.selected?.track ?? [], null).untrusted);
  }

  #drawBase(corridors: readonly Corridor[]): void {
    const file = this.#world;
    if (!file) return;
    const key = [file, corridors];
    if (same(this.#shown.get("countries"), key)) return;
    const world = worldOf(
      file,
      corridors.flatMap(corridor => corridor.places.map(place => place.at)),
    );
    this.#put("countries", key, () => world.countries);
    this.#put("coast", key, () => world.coast);
    this.#put("frontiers", key, () => world.borders);
    this.#put("country-names", key, () => world.labels);
  }

  #drawCorridors(corridors: readonly Corridor[]): void {
    this.#put("corridors", [corridors], () => collection(corridors.flatMap(c => c.lines)));
    this.#put("zones", [corridors], () => collection(corridors.flatMap(c => c.zones)));
    this.#put("places", [corridors], () => collection(placesOf(corridors)));
  }

  /** Gives a source new data only when what it is made from has changed. */
  #put(source: SourceName, madeFrom: readonly unknown[], make: () => GeoJSON): void {
    if (same(this.#shown.get(source), madeFrom)) return;
    this.#shown.set(source, madeFrom);
    this.#map.getSource<GeoJSONSource>(source)?.setData(make());
  }
}

function same(a: unknown, b: readonly unknown[]): boolean {
  return Array.isArray(a) && a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

function collection(features: FeatureCollection["features"]): FeatureCollection {
  return { type: "FeatureCollection", features: [...features] };
}
