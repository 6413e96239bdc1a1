/** Wires the page together once: session, map, elements, address, and the state that tests read. */

import { render } from "preact";
import worldUrl from "world-atlas/countries-50m.json?url";
import type { State } from "./core/model.ts";
import type { Board, UnitRow } from "./core/rows.ts";
import type { WorldFile } from "./core/world.ts";
import { addressOf, selectionIn } from "./edge/address.ts";
import { Api } from "./edge/api.ts";
import { Session } from "./edge/session.ts";
import { type Covered, MapView } from "./map/view.ts";
import { type Actions, App } from "./ui/App.tsx";
import "./css/tokens.css";
import "./css/layout.css";
import "./css/map.css";
import "./css/board.css";
import "./css/panel.css";
import "./css/watch.css";

declare global {
  interface Window {
    /** Read-only view of the page's state, for tests. */
    readonly railbox: {
      readonly ready: boolean;
      readonly units: readonly UnitRow[];
      readonly board: Board | null;
      readonly selected: string | null;
    };
  }
}

const root = document.getElementById("app");
if (!root) throw new Error("index.html has no #app");

let mapReady = false;
let map: MapView | null = null;
const api = new Api(new URL(location.href));
const session = new Session(api, draw);

const actions: Actions = {
  select: unit => {
    history.pushState(null, "", addressOf(location.href, unit));
    follow();
  },
  showBorder: border => {
    const own = session.state.corridors.flatMap(corridor => [
      ...corridor.places.filter(place => place.borderId === border),
      ...corridor.borders.filter(b => b.id === border),
    ]);
    map?.fitPoints(own.map(place => place.at));
  },
  showAt: (lon, lat) => map?.reveal([lon, lat]),
  openTracker: device => {
    session.open(device);
    if (device !== null) session.show("trackers");
  },
  exportUrl: (table, format, unit) => api.exportUrl(table, format, unit),
  show: tab => session.show(tab),
  search: query => session.search(query),
  fitAll: () => map?.fitAll(),
  fitTrack: () => map?.fitTrack(),
  mount: mountMap,
};

/** Selects what the address says, and brings it into view. */
function follow(): void {
  const unit = selectionIn(location.href);
  session.select(unit);
  const latest = unit === null ? null : session.state.units.get(unit)?.latest;
  // The panel has to be on the page first: it covers part of the map.
  draw(session.state);
  if (latest) map?.reveal([latest.lon, latest.lat]);
}

function mountMap(element: HTMLElement): void {
  map = new MapView(
    element,
    {
      onUnits: units => actions.select(nextOf(units, session.state.selected?.unit ?? null)),
      onBorder: border => {
        session.show("borders");
        draw(session.state);
        document.getElementById(`border-${border}`)?.scrollIntoView({ block: "nearest", behavior: "smooth" });
      },
      onReady: () => {
        mapReady = true;
      },
    },
    covered,
  );
  fetch(worldUrl)
    .then(response => response.json() as Promise<WorldFile>)
    .then(world => map?.setWorld(world));
}

/** Units on top of each other are reached by clicking again. */
function nextOf(units: readonly string[], current: string | null): string | null {
  if (units.length === 0) return null;
  return units[(units.indexOf(current ?? "") + 1) % units.length] ?? null;
}

/** What the controls and the panel cover of the map, measured where they really are. */
function covered(): Covered {
  const box = (selector: string) => root?.querySelector(selector)?.getBoundingClientRect();
  const [canvas, panel, controls] = [box(".map-canvas"), box(".panel"), box(".map-fit")];
  const left = canvas && controls ? controls.right - canvas.left : 0;
  const over = canvas && panel && panel.top < canvas.bottom && panel.left < canvas.right;
  return { top: 0, right: over ? canvas.right - panel.left : 0, bottom: 0, left };
}

function draw(state: State): void {
  if (!root) return;
  render(<App state={state} localMs={performance.now()} actions={actions} />, root);
  map?.show(state);
}

Object.defineProperty(window, "railbox", {
  value: Object.freeze({
    get ready() {
      const { board, corridors } = session.state;
      return mapReady && board !== null && corridors.length > 0;
    },
    get units() {
      return [...session.state.units.values()];
    },
    get board() {
      return session.state.board;
    },
    get selected() {
      return session.state.selected?.unit ?? null;
    },
  }),
});

addEventListener("popstate", follow);
addEventListener("hashchange", follow);
addEventListener("keydown", event => {
  if (event.key === "Escape" && session.state.selected) actions.select(null);
});
// Ages and the clock go on between the server's ticks.
setInterval(() => draw(session.state), 1000);
draw(session.state);
session.start();
follow();
