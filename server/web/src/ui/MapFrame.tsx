/** The place of the map, its key and its sources. The map itself is put in once and then left alone. */

import { memo } from "preact/compat";
import type { Corridor } from "../core/corridor.ts";
import type { Tone } from "../core/judgement.ts";
import { Fit, Mark } from "./Icons.tsx";

interface Props {
  readonly corridors: readonly Corridor[];
  mount(element: HTMLElement): void;
  fitAll(): void;
}

const UNIT_MARKS: readonly (readonly [tone: Tone, hollow: boolean, words: string])[] = [
  ["calm", false, "Within limit"],
  ["over", true, "Possibly over limit"],
  ["over", false, "Over limit, or off corridor"],
  ["critical", false, "Critical: twice the limit"],
  ["silent", true, "No contact"],
];

/** Where there is little room the sources fold away, so that they do not lie over the map. */
const ROOMY = matchMedia("(min-width: 1181px)");

export function MapFrame({ corridors, mount, fitAll }: Props) {
  return (
    <section class="map" aria-label="Map">
      <Canvas mount={mount} />
      <button
        type="button"
        class="icon-button map-fit"
        title="Show everything"
        aria-label="Show everything"
        onClick={fitAll}
      >
        <Fit />
      </button>
      <details class="legend">
        <summary>Key</summary>
        <ul>
          {UNIT_MARKS.map(([tone, hollow, words]) => (
            <li key={words}>
              <Mark tone={tone} hollow={hollow} />
              {words}
            </li>
          ))}
          <Line style="rail" words="Rail" />
          <Line style="road" words="Road" />
          <Line style="track" words="Track, measured" />
          <Line style="dark" words="Track, receiver dark" />
          <li>
            <span class="legend-untrusted" />
            Fix not trusted
          </li>
        </ul>
      </details>
      <details class="attribution" open={ROOMY.matches} title="Coasts and borders as Natural Earth draws them">
        <summary>Sources</summary>
        {attributions(corridors).join(" · ")}
      </details>
    </section>
  );
}

const Canvas = memo(
  ({ mount }: { mount(element: HTMLElement): void }) => (
    <div
      class="map-canvas"
      ref={element => {
        if (element) mount(element);
      }}
    />
  ),
  () => true,
);

function Line({ style, words }: { style: string; words: string }) {
  return (
    <li>
      <span class="legend-line" data-line={style} />
      {words}
    </li>
  );
}

function attributions(corridors: readonly Corridor[]): string[] {
  const credits = corridors.flatMap(c => c.attribution.split(";")).map(credit => credit.trim());
  return [...new Set(["Natural Earth", ...credits.filter(credit => credit !== ""), "MapLibre"])];
}
