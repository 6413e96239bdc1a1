/** A border's own history: what it took before, by direction, and how that changes from month to month. */

import { useState } from "preact/hooks";
import type { BorderStatistics } from "../core/rows.ts";
import { nearest } from "../core/sparkline.ts";
import { groundText, type Month, monthsOf, standingText, summaryText, trendText } from "../core/statistics.ts";
import { Sides } from "./Sides.tsx";

export function History({ rows }: { rows: readonly BorderStatistics[] }) {
  if (rows.length === 0) return null;
  return (
    <details class="recent history">
      <summary>History: {summaryText(rows)}</summary>
      {rows.map(row => (
        <Direction key={`${row.from_side} ${row.to_side}`} row={row} />
      ))}
      <p class="history-note">What crossings took that are over. It changes no flag and no result.</p>
    </details>
  );
}

function Direction({ row }: { row: BorderStatistics }) {
  const months = monthsOf(row.by_month);
  const trend = trendText(row.trend);
  return (
    <div class="direction">
      <p class="direction-head">
        <Sides from={row.from_side} to={row.to_side} />
        <b>{standingText(row)}</b>
      </p>
      <p>{groundText(row)}</p>
      {trend !== "" && <p class="direction-trend">{trend}</p>}
      {months.filter(month => month.p50 !== null).length > 1 && <Months months={months} />}
    </div>
  );
}

const WIDTH = 320;
const HEIGHT = 52;

/** A bar a month up to the median, a whisker to nine in ten; read with the pointer or the arrow keys. */
function Months({ months }: { months: readonly Month[] }) {
  const [at, setAt] = useState<number | null>(null);
  const step = WIDTH / months.length;
  const bars = months.map((month, i) => ({ ...month, i, x: (i + 0.5) * step }));
  const pointed = at === null ? null : (bars[at] ?? null);
  const move = (by: number) => setAt(Math.min(months.length - 1, Math.max(0, (at ?? months.length) + by)));
  const wide = Math.min(22, step * 0.6);
  const y = (share: number) => HEIGHT * (1 - share);
  return (
    <figure class="chart months">
      <figcaption>
        {pointed ? <span class="chart-reading">{monthText(pointed)}</span> : <span>By month of arrival</span>}
      </figcaption>
      <svg
        viewBox={`0 -3 ${WIDTH} ${HEIGHT + 3}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={months.map(monthText).join("; ")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys go from month to month
        tabIndex={0}
        onPointerMove={event => {
          const box = event.currentTarget.getBoundingClientRect();
          setAt(nearest(bars, ((event.clientX - box.left) / box.width) * WIDTH)?.i ?? null);
        }}
        onPointerLeave={() => setAt(null)}
        onBlur={() => setAt(null)}
        onKeyDown={event => {
          if (event.key === "ArrowLeft") move(-1);
          if (event.key === "ArrowRight") move(1);
        }}
      >
        {bars.map(({ name, i, x, p50, p90 }) => (
          <g key={name} class="month" data-pointed={i === at}>
            {p90 !== null && (
              <path class="month-p90" d={`M${x} ${y(p50 ?? 0)}V${y(p90)}M${x - wide / 2} ${y(p90)}h${wide}`} />
            )}
            {p50 !== null && <rect x={x - wide / 2} y={y(p50)} width={wide} height={HEIGHT * p50} rx="2" />}
          </g>
        ))}
      </svg>
      <div class="chart-ends" aria-hidden="true">
        <span>{months[0]?.name}</span>
        <span>{months.at(-1)?.name}</span>
      </div>
    </figure>
  );
}

function monthText({ name, standing }: Month): string {
  return standing === null || standing.n === 0 ? `${name}: none` : `${name}: ${standingText(standing)}`;
}
