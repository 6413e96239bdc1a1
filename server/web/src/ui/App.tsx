/** The whole page from one state. */

import { useEffect, useState } from "preact/hooks";
import { counts } from "../core/board.ts";
import { serverNow } from "../core/clock.ts";
import { zonesOf } from "../core/corridor.ts";
import { verdict } from "../core/judgement.ts";
import type { State, Tab } from "../core/model.ts";
import { BordersBoard } from "./BordersBoard.tsx";
import { Header } from "./Header.tsx";
import { MapFrame } from "./MapFrame.tsx";
import { type Scene, SceneContext } from "./scene.ts";
import { UnitPanel } from "./UnitPanel.tsx";
import { UnitsList } from "./UnitsList.tsx";

export interface Actions {
  select(unit: string | null): void;
  showBorder(border: string): void;
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
    select: actions.select,
    showBorder: actions.showBorder,
  };
  const tally = counts(state.units.values(), scene.nowMs);
  const urgent = tally.critical + tally.over + tally.possible;
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
  const standing = state.board?.borders.reduce((sum, border) => sum + border.rows.length, 0) ?? 0;
  const flagged = state.board?.borders.flatMap(b => b.rows).filter(row => verdict(row).rank >= 2).length ?? 0;
  const selected = state.selected?.unit ?? null;
  return (
    <div class="side">
      <div
        class="tabs"
        role="tablist"
        aria-label="Borders or units"
        onKeyDown={event => moveTab(event, state.tab, actions.show)}
      >
        <TabButton
          tab="borders"
          now={state.tab}
          label="Borders"
          count={standing}
          urgent={flagged > 0}
          show={actions.show}
        />
        <TabButton
          tab="units"
          now={state.tab}
          label="Units"
          count={state.units.size}
          urgent={false}
          show={actions.show}
        />
      </div>
      <div class="side-body" role="tabpanel" id={`panel-${state.tab}`} aria-labelledby={`tab-${state.tab}`}>
        {state.tab === "borders" ? (
          <BordersBoard board={state.board} selected={selected} />
        ) : (
          <UnitsList units={state.units} selected={selected} query={state.query} search={actions.search} />
        )}
      </div>
    </div>
  );
}

interface TabProps {
  readonly tab: Tab;
  readonly now: Tab;
  readonly label: string;
  readonly count: number;
  readonly urgent: boolean;
  show(tab: Tab): void;
}

function TabButton({ tab, now, label, count, urgent, show }: TabProps) {
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
      {label}{" "}
      <span class="tab-count" data-urgent={urgent}>
        {count}
      </span>
    </button>
  );
}

function moveTab(event: KeyboardEvent, now: Tab, show: (tab: Tab) => void): void {
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
  const other: Tab = now === "borders" ? "units" : "borders";
  show(other);
  document.getElementById(`tab-${other}`)?.focus();
}
