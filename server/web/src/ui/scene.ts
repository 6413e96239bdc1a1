/** What every part of the page may need to say a time: the server's now, and the zones of places. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type Zones, zonesOf } from "../core/corridor.ts";

export interface Scene {
  readonly nowMs: number;
  readonly zones: Zones;
  select(unit: string | null): void;
  showBorder(border: string): void;
}

export const SceneContext = createContext<Scene>({
  nowMs: 0,
  zones: zonesOf([]),
  select: () => undefined,
  showBorder: () => undefined,
});

export function useScene(): Scene {
  return useContext(SceneContext);
}
