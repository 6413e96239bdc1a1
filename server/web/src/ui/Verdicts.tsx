/** Flags in words with a mark, and dwells as honest interval bars. */

import { dwellText, type Interval, interval } from "../core/interval.ts";
import { flagVerdict, type Verdict, verdict } from "../core/judgement.ts";
import type { Dwell, Judgement } from "../core/rows.ts";
import { duration, parseMs, shortDuration } from "../core/time.ts";
import { Mark } from "./Icons.tsx";
import { useScene } from "./scene.ts";

export function Chip({ verdict: { tone, unsure, words } }: { verdict: Verdict }) {
  return (
    <span class="chip" data-tone={tone} data-unsure={unsure}>
      <Mark tone={tone} hollow={unsure || tone === "silent"} />
      {words}
    </span>
  );
}

interface ChipsProps {
  readonly row: Judgement;
  readonly calm?: boolean;
  readonly way?: Verdict | null;
}

/** The flag, the way and the silence, if any: different troubles. */
export function Chips({ row, calm = false, way = null }: ChipsProps) {
  const { nowMs } = useScene();
  const flagged = flagVerdict(row.flag, row.certainty);
  const silentMs = parseMs(row.no_contact_since);
  return (
    <span class="chips">
      {(flagged.rank > 0 || (calm && silentMs === null)) && <Chip verdict={flagged} />}
      {way && <Chip verdict={way} />}
      {silentMs !== null && (
        <span class="chip" data-tone="silent">
          <Mark tone="silent" hollow={true} />
          {`No contact ${shortDuration((nowMs - silentMs) / 1000)}`}
        </span>
      )}
    </span>
  );
}

interface BarProps {
  readonly dwell: Dwell & Judgement;
  readonly limitS: number | null;
  /** The bar's full width, in seconds; bars side by side share one. */
  readonly scale: number;
}

export function DwellBar({ dwell, limitS, scale }: BarProps) {
  const { main, detail } = dwellText(dwell);
  const limit = limitS === null ? "no limit" : `limit ${duration(limitS)}`;
  const words = [`Stood ${main}`, detail, limit].filter(part => part !== "").join(", ");
  const { tone, unsure } = verdict(dwell);
  const shape = interval(dwell, limitS, scale);
  return (
    <div class="dwell" data-tone={tone} data-unsure={unsure}>
      <div class="dwell-bar" role="img" aria-label={words}>
        <span class="dwell-track" />
        <span class="dwell-possible" data-open={shape.open} style={span(shape.sure, shape.possible)} />
        <span class="dwell-sure" style={span(0, shape.sure)} />
        {shape.est !== null && <span class="dwell-est" style={{ left: percent(shape.est) }} />}
        <Ticks shape={shape} />
      </div>
      <div class="dwell-text" aria-hidden="true">
        <span>
          <b>{main}</b>
          {detail && <span class="dwell-range"> {detail}</span>}
        </span>
        <span class="dwell-limit">{limit}</span>
      </div>
    </div>
  );
}

function Ticks({ shape }: { shape: Interval }) {
  return (
    <>
      {shape.limit !== null && <span class="dwell-tick" title="limit" style={{ left: percent(shape.limit) }} />}
      {shape.critical !== null && (
        <span
          class="dwell-tick"
          data-critical={true}
          title="critical: twice the limit"
          style={{ left: percent(shape.critical) }}
        />
      )}
    </>
  );
}

function span(from: number, to: number): { left: string; width: string } {
  return { left: percent(from), width: percent(Math.max(0, to - from)) };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}
