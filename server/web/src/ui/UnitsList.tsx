/** All units, those that need attention first: the way to every unit without the map. */

import { orderedUnits } from "../core/board.ts";
import { ageS, astray, contact, worstOf } from "../core/judgement.ts";
import type { UnitRow } from "../core/rows.ts";
import { ago } from "../core/time.ts";
import { motionText, unitName, whereText } from "../core/words.ts";
import { Mark } from "./Icons.tsx";
import { useScene } from "./scene.ts";
import { Chips } from "./Verdicts.tsx";

interface Props {
  readonly units: ReadonlyMap<string, UnitRow>;
  readonly selected: string | null;
  readonly query: string;
  search(query: string): void;
}

export function UnitsList({ units, selected, query, search }: Props) {
  const found = orderedUnits(units.values(), query);
  return (
    <div class="units">
      <input
        type="search"
        class="search"
        placeholder="Find by number, place, corridor or tracker"
        aria-label="Find a unit"
        value={query}
        onInput={event => search(event.currentTarget.value)}
      />
      {units.size === 0 && <p class="empty">No unit has reported yet.</p>}
      {units.size > 0 && found.length === 0 && <p class="empty">No unit matches “{query}”.</p>}
      <ul class="unit-rows">
        {found.map(row => (
          <Unit key={row.unit} row={row} selected={row.unit === selected} />
        ))}
      </ul>
    </div>
  );
}

function Unit({ row, selected }: { row: UnitRow; selected: boolean }) {
  const { nowMs, select } = useScene();
  const judged = worstOf(row);
  const heard = contact(row, nowMs);
  const silent = heard === "silent";
  const tone = judged.tone === "calm" && silent ? "silent" : judged.tone;
  const motion = row.latest && !silent ? motionText(row.latest.speed_mps, row.latest.course_deg) : null;
  return (
    <li class="unit-row" data-unit={row.unit} data-contact={heard} data-selected={selected}>
      <Mark tone={tone} hollow={silent || judged.unsure} />
      <div class="unit-row-body">
        <div class="row-head">
          <button type="button" class="unit-link" aria-pressed={selected} onClick={() => select(row.unit)}>
            {unitName(row.unit)}
          </button>
          <Chips row={row} way={astray(row)} />
        </div>
        <p class="row-where">
          {row.latest ? [whereText(row.place), motion].filter(Boolean).join(" · ") : "No position yet"}
          <span class="row-age">{ago(ageS(row, nowMs))}</span>
        </p>
      </div>
    </li>
  );
}
