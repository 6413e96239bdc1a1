/**
 * A series of readings as a line that is drawn only where there are readings: gaps stay gaps.
 * Pure: shapes in the unit square scaled to `width` × `height`, y down as in SVG.
 */

export interface Sample {
  readonly timeMs: number;
  readonly value: number;
}

export interface Sparkline {
  /** One SVG path, a subpath per unbroken run. */
  readonly path: string;
  /** Runs of a single reading, which a path would not show. */
  readonly dots: readonly { readonly x: number; readonly y: number }[];
  readonly points: readonly { readonly x: number; readonly y: number; readonly sample: Sample }[];
  readonly low: number;
  readonly high: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A gap is a pause over this many times the usual distance between readings. */
const GAP_TIMES_USUAL = 6;
/** A flat series is drawn in the middle of a band of this height rather than blown up to noise. */
const LEAST_SPAN = 2;

export function sparkline(samples: readonly Sample[], width: number, height: number): Sparkline | null {
  const sorted = [...samples].filter(s => Number.isFinite(s.value)).sort((a, b) => a.timeMs - b.timeMs);
  const first = sorted[0];
  const last = sorted.at(-1);
  if (!first || !last || sorted.length < 2) return null;
  const values = sorted.map(s => s.value);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const middle = (low + high) / 2;
  const span = Math.max(high - low, LEAST_SPAN);
  const spanMs = Math.max(1, last.timeMs - first.timeMs);
  const points = sorted.map(sample => ({
    x: round(((sample.timeMs - first.timeMs) / spanMs) * width),
    y: round(height / 2 - ((sample.value - middle) / span) * height),
    sample,
  }));
  const runs = unbroken(points);
  return {
    path: runs
      .filter(run => run.length > 1)
      .map(run => `M${run.map(p => `${p.x} ${p.y}`).join("L")}`)
      .join(""),
    dots: runs.flatMap(run => (run.length === 1 && run[0] ? [{ x: run[0].x, y: run[0].y }] : [])),
    points,
    low,
    high,
    fromMs: first.timeMs,
    toMs: last.timeMs,
  };
}

function unbroken<P extends { sample: Sample }>(points: readonly P[]): P[][] {
  const steps = points.slice(1).map((p, i) => p.sample.timeMs - (points[i]?.sample.timeMs ?? 0));
  const usualMs = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const runs: P[][] = [];
  points.forEach((point, i) => {
    const run = runs.at(-1);
    const step = i === 0 ? 0 : (steps[i - 1] ?? 0);
    if (run && step <= usualMs * GAP_TIMES_USUAL) run.push(point);
    else runs.push([point]);
  });
  return runs;
}

/** The point whose x is nearest. */
export function nearest<P extends { readonly x: number }>(points: readonly P[], x: number): P | null {
  let best: P | null = null;
  for (const point of points) {
    if (best === null || Math.abs(point.x - x) < Math.abs(best.x - x)) best = point;
  }
  return best;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
