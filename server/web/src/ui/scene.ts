/** What every part of the page may need to say a time: the server's now, and the zones of places. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type Zones, zonesOf } from "../core/corridor.ts";

export interface Scene {
  readonly nowMs: number;
  readonly zones: Zones;
  select(unit: string | null): void;
  placeName(id: string): string;
  exportUrl(table: string, format: string, unit: string): string;
  showBorder(border: string): void;
  /** Brings a position into view. */
  showAt(lon: number, lat: number): void;
  openTracker(device: string | null): void;
}

export const SceneContext = createContext<Scene>({
  nowMs: 0,
  zones: zonesOf([]),
  select: () => undefined,
  placeName: id => id,
  exportUrl: () => "",
  showBorder: () => undefined,
  showAt: () => undefined,
  openTracker: () => undefined,
});

export function useScene(): Scene {
  return useContext(SceneContext);
}
