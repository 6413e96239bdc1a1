/** The whole page from one state. */

import { useEffect, useState } from "preact/hooks";
import { counts } from "../core/board.ts";
import { serverNow } from "../core/clock.ts";
import { placeNames, zonesOf } from "../core/corridor.ts";
import { verdict } from "../core/judgement.ts";
import { type State, TABS, type Tab } from "../core/model.ts";
import { isUrgent, orderedTrackers } from "../core/trackers.ts";
import { BordersBoard } from "./BordersBoard.tsx";
import { Header } from "./Header.tsx";
import { MapFrame } from "./MapFrame.tsx";
import { Notices } from "./Notices.tsx";
import { type Scene, SceneContext, useScene } from "./scene.ts";
import { TrackersList } from "./TrackersList.tsx";
import { UnitPanel } from "./UnitPanel.tsx";
import { UnitsList } from "./UnitsList.tsx";

export interface Actions {
  select(unit: string | null): void;
  showBorder(border: string): void;
  showAt(lon: number, lat: number): void;
  openTracker(device: string | null): void;
  exportUrl(table: string, format: string, unit: string): string;
  show(tab: Tab): void;
  search(query: string): void;
  fitAll(): void;
  fitTrack(): void;
  mount(element: HTMLElement): void;
}

interface Props {
  readonly state: State;
  /** The page's monotonic clock. */
  readonly localMs: number;
  readonly actions: Actions;
}

export function App({ state, localMs, actions }: Props) {
  const nowMs = state.clock ? serverNow(state.clock, localMs) : null;
  const scene: Scene = {
    nowMs: nowMs ?? 0,
    zones: zonesOf(state.corridors),
    placeName: placeNames(state.corridors),
    ...actions,
  };
  const tally = counts(state.units.values(), scene.nowMs);
  const urgent = tally.critical + tally.over + tally.possible + tally.astray;
  useEffect(() => {
    document.title = urgent > 0 ? `(${urgent}) Railbox` : "Railbox";
  }, [urgent]);
  const [tall, setTall] = useState(false);
  const selected = state.selected;
  const row = selected ? (state.units.get(selected.unit) ?? selected.detail) : null;
  const corridor = state.corridors.find(c => c.name === row?.corridor);
  return (
    <SceneContext.Provider value={scene}>
      <div class="page" data-selected={selected !== null} data-tall={tall}>
        <Header
          counts={tally}
          link={state.link}
          trouble={state.trouble}
          nowMs={nowMs}
          mode={state.clock?.mode ?? null}
        />
        <main class="stage">
          <Side state={state} actions={actions} />
          {selected && (
            <UnitPanel
              selected={selected}
              row={row}
              corridorTitle={corridor?.title ?? row?.corridor ?? null}
              fitTrack={actions.fitTrack}
            />
          )}
          <button
            type="button"
            class="sheet-handle"
            aria-expanded={tall}
            aria-label="More room for the list"
            onClick={() => setTall(!tall)}
          />
          <MapFrame corridors={state.corridors} mount={actions.mount} fitAll={actions.fitAll} />
        </main>
        {state.trouble && (
          <p class="trouble" role="alert">
            {state.trouble}
          </p>
        )}
      </div>
    </SceneContext.Provider>
  );
}

function Side({ state, actions }: { state: State; actions: Actions }) {
  const { nowMs } = useScene();
  const selected = state.selected?.unit ?? null;
  const rows = state.board?.borders.flatMap(border => border.rows) ?? [];
  const trackers = state.trackers;
  const ailing = trackers
    ? orderedTrackers(trackers.rows, trackers.settings, "", nowMs).filter(tracker => isUrgent(tracker.troubles))
    : [];
  const counts: Record<Tab, { count: number | null; urgent: boolean }> = {
    borders: { count: rows.length, urgent: rows.some(row => verdict(row).rank >= 2) },
    units: { count: state.units.size, urgent: false },
    trackers: { count: trackers && (ailing.length || trackers.rows.length), urgent: ailing.length > 0 },
    notices: { count: null, urgent: false },
  };
  return (
    <div class="side">
      <div
        class="tabs"
        role="tablist"
        aria-label="What to show"
        onKeyDown={event => moveTab(event, state.tab, actions.show)}
      >
        {TABS.map(tab => (
          <TabButton key={tab} tab={tab} now={state.tab} {...counts[tab]} show={actions.show} />
        ))}
      </div>
      <div class="side-body" role="tabpanel" id={`panel-${state.tab}`} aria-labelledby={`tab-${state.tab}`}>
        {state.tab === "borders" && (
          <BordersBoard board={state.board} statistics={state.statistics} selected={selected} />
        )}
        {state.tab === "units" && (
          <UnitsList units={state.units} selected={selected} query={state.query} search={actions.search} />
        )}
        {state.tab === "trackers" && (
          <TrackersList trackers={trackers} opened={state.opened} query={state.query} search={actions.search} />
        )}
        {state.tab === "notices" && <Notices told={state.told} selected={selected} />}
      </div>
    </div>
  );
}

const LABELS: Record<Tab, string> = { borders: "Borders", units: "Units", trackers: "Trackers", notices: "Notices" };

interface TabProps {
  readonly tab: Tab;
  readonly now: Tab;
  /** Null: nothing to count. */
  readonly count: number | null;
  readonly urgent: boolean;
  show(tab: Tab): void;
}

function TabButton({ tab, now, count, urgent, show }: TabProps) {
  const chosen = tab === now;
  return (
    <button
      type="button"
      role="tab"
      id={`tab-${tab}`}
      aria-selected={chosen}
      aria-controls={`panel-${tab}`}
      tabIndex={chosen ? 0 : -1}
      onClick={() => show(tab)}
    >
      {LABELS[tab]}
      {count !== null && " "}
      {count !== null && (
        <span class="tab-count" data-urgent={urgent}>
          {count}
        </span>
      )}
    </button>
  );
}

function moveTab(event: KeyboardEvent, now: Tab, show: (tab: Tab) => void): void {
  const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
  const next = TABS[(TABS.indexOf(now) + by + TABS.length) % TABS.length];
  if (by === 0 || next === undefined) return;
  show(next);
  document.getElementById(`tab-${next}`)?.focus();
}
