/** The borders board's order and the header's counts: what needs attention comes first. Pure. */

import { astray, contact, flagVerdict, verdict, worstOf } from "./judgement.ts";
import type { Board, BoardBorder, BoardRow, UnitRow } from "./rows.ts";

/** Flag first, then the share of the limit used, then the unit's name, so that rows never swap without a reason. */
export function orderedRows(border: BoardBorder): BoardRow[] {
  const used = (row: BoardRow) => row.dwell_est_s ?? row.dwell_max_s ?? row.dwell_min_s ?? 0;
  return [...border.rows].sort(
    (a, b) => verdict(b).rank - verdict(a).rank || used(b) - used(a) || a.unit.localeCompare(b.unit),
  );
}

export interface BoardLayout {
  /** Borders where somebody stands, most urgent first. */
  readonly occupied: readonly BoardBorder[];
  /** The rest, those with recent crossings first. */
  readonly quiet: readonly BoardBorder[];
}

export function boardLayout(board: Board): BoardLayout {
  const urgency = (border: BoardBorder) => Math.max(0, ...border.rows.map(row => verdict(row).rank));
  const occupied = board.borders
    .filter(border => border.rows.length > 0)
    .sort((a, b) => urgency(b) - urgency(a) || longestShare(b) - longestShare(a) || a.name.localeCompare(b.name));
  const quiet = board.borders
    .filter(border => border.rows.length === 0)
    .sort((a, b) => Number(b.recent.length > 0) - Number(a.recent.length > 0) || a.name.localeCompare(b.name));
  return { occupied, quiet };
}

function longestShare(border: BoardBorder): number {
  const limit = border.limit_s && border.limit_s > 0 ? border.limit_s : 1;
  return Math.max(0, ...border.rows.map(row => (row.dwell_est_s ?? row.dwell_max_s ?? 0) / limit));
}

export interface Counts {
  readonly units: number;
  readonly critical: number;
  readonly over: number;
  /** Over or critical, but not certainly. */
  readonly possible: number;
  readonly astray: number;
  readonly silent: number;
}

/** Each unit counts once for its flag, and once more each for its way and for lost contact: different troubles. */
export function counts(units: Iterable<UnitRow>, nowMs: number): Counts {
  let all = 0;
  let critical = 0;
  let over = 0;
  let possible = 0;
  let off = 0;
  let silent = 0;
  for (const row of units) {
    const flagged = flagVerdict(row.flag, row.certainty);
    all += 1;
    possible += Number(flagged.unsure);
    critical += Number(flagged.tone === "critical" && !flagged.unsure);
    over += Number(flagged.tone === "over" && !flagged.unsure);
    off += Number(astray(row) !== null);
    silent += Number(contact(row, nowMs) === "silent");
  }
  return { units: all, critical, over, possible, astray: off, silent };
}

/** The units list: attention first, then by name; `query` matches name, place, corridor and device. */
export function orderedUnits(units: Iterable<UnitRow>, query: string): UnitRow[] {
  const wanted = query.replaceAll(" ", "").toLowerCase();
  const matches = (row: UnitRow) =>
    [row.unit, row.place?.name, row.corridor, ...row.devices].some(text =>
      text?.replaceAll(" ", "").toLowerCase().includes(wanted),
    );
  return [...units]
    .filter(row => wanted === "" || matches(row))
    .sort((a, b) => worstOf(b).rank - worstOf(a).rank || a.unit.localeCompare(b.unit));
}
