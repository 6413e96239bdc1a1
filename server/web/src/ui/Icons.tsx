/** The page's few pictures. Each stands beside words that say the same, so all are hidden from screen readers. */

import type { Tone } from "../core/judgement.ts";

export function Brand() {
  return (
    <svg class="brand-mark" viewBox="0 0 24 24" aria-hidden="true">
      <rect width="24" height="24" rx="5.5" fill="var(--accent-solid)" />
      <path
        d="M5 7h14v8H5zM3.5 18.5h17M9.7 9.6v2.9M14.3 9.6v2.9"
        fill="none"
        stroke="#fff"
        stroke-width="1.8"
        stroke-linejoin="round"
        stroke-linecap="round"
      />
    </svg>
  );
}

/** The mark of a unit as the map draws it: shape, fill and colour each say it. */
export function Mark({ tone, hollow }: { tone: Tone; hollow: boolean }) {
  const shape =
    tone === "over" || tone === "critical" ? (
      <path d="M8 1.6 14.4 8 8 14.4 1.6 8z" class="mark-shape" />
    ) : (
      <circle cx="8" cy="8" r="5.2" class="mark-shape" />
    );
  return (
    <svg class="mark" data-tone={tone} data-hollow={hollow} viewBox="0 0 16 16" aria-hidden="true">
      {shape}
      {tone === "critical" && <path d="M8 4.8v3.6M8 10.9v.1" class="mark-bang" />}
    </svg>
  );
}

export function Cross() {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <path d="m4 4 8 8m0-8-8 8" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" />
    </svg>
  );
}

export function Arrow() {
  return (
    <svg class="arrow" viewBox="0 0 16 16" aria-hidden="true">
      <path
        d="M2.5 8h10m-3.6-3.6L12.5 8l-3.6 3.6"
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

export function Fit() {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <path
        d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10"
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
