/** The borders board: per border who stands there, since when, how long at least and at most; worst first. */

import { boardLayout, orderedRows } from "../core/board.ts";
import { dwellText, scaleS } from "../core/interval.ts";
import { flagVerdict, verdict } from "../core/judgement.ts";
import type { Board, BoardBorder, BoardRow, BorderStatistics, CrossingRow } from "../core/rows.ts";
import { directionsOf } from "../core/statistics.ts";
import { duration } from "../core/time.ts";
import { plural, unitName } from "../core/words.ts";
import { History } from "./History.tsx";
import { Mark } from "./Icons.tsx";
import { Sides } from "./Sides.tsx";
import { useScene } from "./scene.ts";
import { Between, Moment } from "./Times.tsx";
import { Chips, DwellBar } from "./Verdicts.tsx";

interface BoardProps {
  readonly board: Board | null;
  readonly statistics: readonly BorderStatistics[];
  readonly selected: string | null;
}

export function BordersBoard({ board, statistics, selected }: BoardProps) {
  if (!board) return <p class="empty">Reading the borders…</p>;
  if (board.borders.length === 0) return <p class="empty">No corridor has a border yet. Add a corridor to see one.</p>;
  const { occupied, quiet } = boardLayout(board);
  return (
    <div class="board">
      <h2 class="unseen">Who stands at which border</h2>
      {occupied.map(border => (
        <Occupied key={border.border} border={border} statistics={statistics} selected={selected} />
      ))}
      {quiet.length > 0 && (
        <section class="quiet" aria-labelledby="quiet-title">
          <h3 id="quiet-title" class="group-title">
            {occupied.length === 0 ? "Nobody stands at a border" : "Nobody standing"}
          </h3>
          {quiet.map(border => (
            <Quiet key={border.border} border={border} statistics={statistics} />
          ))}
        </section>
      )}
    </div>
  );
}

interface OccupiedProps extends QuietProps {
  readonly selected: string | null;
}

function Occupied({ border, statistics, selected }: OccupiedProps) {
  const scale = scaleS(border.rows, border.limit_s);
  const rows = orderedRows(border);
  const worst = rows[0] ? verdict(rows[0]) : flagVerdict("none", null);
  return (
    <section class="border-card" data-tone={worst.tone} data-border={border.border} id={`border-${border.border}`}>
      <header class="border-head">
        <BorderTitle border={border} />
        <p class="border-facts">
          <Sides from={border.sides[0] ?? null} to={border.sides[1] ?? null} />
          <span>{plural(border.rows.length, "unit")} here</span>
          {border.expected_s !== null && <span>expected {duration(border.expected_s)}</span>}
        </p>
      </header>
      <ul class="border-rows">
        {rows.map(row => (
          <Row
            key={`${row.unit} ${row.place}`}
            row={row}
            border={border}
            scale={scale}
            selected={row.unit === selected}
          />
        ))}
      </ul>
      <Recent border={border} />
      <History rows={directionsOf(statistics, border.border)} />
    </section>
  );
}

function BorderTitle({ border }: { border: BoardBorder }) {
  const { showBorder } = useScene();
  return (
    <h3 class="border-name">
      <button type="button" class="plain" title="Show on the map" onClick={() => showBorder(border.border)}>
        {border.name}
      </button>
    </h3>
  );
}

interface RowProps {
  readonly row: BoardRow;
  readonly border: BoardBorder;
  readonly scale: number;
  readonly selected: boolean;
}

function Row({ row, border, scale, selected }: RowProps) {
  const { zones, select } = useScene();
  return (
    <li class="board-row" data-tone={verdict(row).tone} data-unit={row.unit} data-selected={selected}>
      <div class="row-head">
        <button type="button" class="unit-link" aria-pressed={selected} onClick={() => select(row.unit)}>
          {unitName(row.unit)}
        </button>
        <Chips row={row} />
      </div>
      <p class="row-where">
        {row.place_name}
        {row.side && <span class="side-code">{row.side}</span>}
      </p>
      <p class="row-since">
        since <Between bounds={row.since} zone={zones.place(row.place)} />
      </p>
      <DwellBar dwell={row} limitS={border.limit_s} scale={scale} />
    </li>
  );
}

interface QuietProps {
  readonly border: BoardBorder;
  readonly statistics: readonly BorderStatistics[];
}

function Quiet({ border, statistics }: QuietProps) {
  return (
    <div class="quiet-border" data-border={border.border} id={`border-${border.border}`}>
      <div class="quiet-head">
        <BorderTitle border={border} />
        <Sides from={border.sides[0] ?? null} to={border.sides[1] ?? null} />
      </div>
      <Recent border={border} />
      <History rows={directionsOf(statistics, border.border)} />
    </div>
  );
}

function Recent({ border }: { border: BoardBorder }) {
  if (border.recent.length === 0) return null;
  return (
    <details class="recent">
      <summary>{plural(border.recent.length, "recent crossing")}</summary>
      <ul>
        {border.recent.map(crossing => (
          <RecentCrossing key={crossing.id} crossing={crossing} />
        ))}
      </ul>
    </details>
  );
}

function RecentCrossing({ crossing }: { crossing: CrossingRow }) {
  const { zones, select } = useScene();
  const { tone, unsure, words } = verdict(crossing);
  const when = crossing.departed ?? crossing.reached ?? crossing.crossed;
  return (
    <li>
      <span class="recent-mark" title={words}>
        <Mark tone={tone} hollow={unsure} />
        <span class="unseen">{words}: </span>
      </span>
      <button type="button" class="plain" onClick={() => select(crossing.unit)}>
        {unitName(crossing.unit)}
      </button>
      <Sides from={crossing.from_side} to={crossing.to_side} />
      <span class="recent-dwell">{dwellText(crossing).main}</span>
      <span class="recent-when">
        <Moment iso={when?.est ?? when?.latest ?? null} zone={zones.side(crossing.border, crossing.to_side)} />
      </span>
    </li>
  );
}
