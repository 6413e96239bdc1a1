/** A small chart of one channel, read with the pointer or the arrow keys. */

import { useState } from "preact/hooks";
import type { ReadingRow } from "../core/rows.ts";
import { nearest, type Sample, sparkline } from "../core/sparkline.ts";
import { dayTime, parseMs } from "../core/time.ts";
import { useScene } from "./scene.ts";

const WIDTH = 320;
const HEIGHT = 56;

interface Props {
  readonly title: string;
  readonly unit: string;
  readonly readings: readonly ReadingRow[];
}

export function Chart({ title, unit, readings }: Props) {
  const { nowMs } = useScene();
  const [cursor, setCursor] = useState<number | null>(null);
  const line = sparkline(samplesOf(readings), WIDTH, HEIGHT);
  if (!line) return null;
  const pointed = cursor === null ? null : nearest(line.points, cursor);
  const show = (value: number) => `${value.toFixed(1)} ${unit}`;
  const summary = `${title} between ${show(line.low)} and ${show(line.high)}, from ${dayTime(line.fromMs, nowMs)} to ${dayTime(line.toMs, nowMs)}`;
  const step = (by: number) => setCursor(Math.min(WIDTH, Math.max(0, (cursor ?? WIDTH) + by)));
  return (
    <figure class="chart">
      <figcaption>
        <span>{title}</span>
        <span class="chart-reading">
          {pointed
            ? `${show(pointed.sample.value)} at ${dayTime(pointed.sample.timeMs, nowMs)}`
            : `${show(line.low)} to ${show(line.high)}`}
        </span>
      </figcaption>
      <svg
        viewBox={`0 -3 ${WIDTH} ${HEIGHT + 6}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={summary}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move the cursor of the chart
        tabIndex={0}
        onPointerMove={event => {
          const box = event.currentTarget.getBoundingClientRect();
          setCursor(((event.clientX - box.left) / box.width) * WIDTH);
        }}
        onPointerLeave={() => setCursor(null)}
        onBlur={() => setCursor(null)}
        onKeyDown={event => {
          if (event.key === "ArrowLeft") step(-4);
          if (event.key === "ArrowRight") step(4);
        }}
      >
        <path class="chart-line" d={line.path} />
        {line.dots.map(dot => (
          <path key={dot.x} class="chart-dot" d={`M${dot.x} ${dot.y}h.01`} />
        ))}
        {pointed && <path class="chart-cursor" d={`M${pointed.x} -3V${HEIGHT + 3}`} />}
        {pointed && <path class="chart-dot" d={`M${pointed.x} ${pointed.y}h.01`} />}
      </svg>
      <div class="chart-ends" aria-hidden="true">
        <span>{dayTime(line.fromMs, nowMs)}</span>
        <span>{dayTime(line.toMs, nowMs)}</span>
      </div>
    </figure>
  );
}

function samplesOf(readings: readonly ReadingRow[]): Sample[] {
  return readings.flatMap(reading => {
    const timeMs = parseMs(reading.time);
    return timeMs === null ? [] : [{ timeMs, value: reading.value }];
  });
}
