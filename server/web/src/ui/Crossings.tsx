/** One unit's border crossings: five moments, each between bounds, and the dwell they make. */

import { dwellText, scaleS } from "../core/interval.ts";
import { CROSSING_STEPS, type CrossingRow, type CrossingStep } from "../core/rows.ts";
import { parseMs } from "../core/time.ts";
import { countryName, plural } from "../core/words.ts";
import { Sides } from "./Sides.tsx";
import { useScene } from "./scene.ts";
import { Between } from "./Times.tsx";
import { Chips, DwellBar } from "./Verdicts.tsx";

/** What each step means, and on which side of the border it happens. */
const STEPS: Record<CrossingStep, { label: string; meaning: string; side: "from_side" | "to_side" }> = {
  arrived: { label: "Arrived", meaning: "reached the first border yard", side: "from_side" },
  left: { label: "Left", meaning: "left the yards on this side", side: "from_side" },
  crossed: { label: "Crossed", meaning: "passed the border line", side: "to_side" },
  reached: { label: "Reached", meaning: "reached the first yard beyond", side: "to_side" },
  departed: { label: "Departed", meaning: "left the last border yard", side: "to_side" },
};

export function Crossings({ crossings }: { crossings: readonly CrossingRow[] }) {
  if (crossings.length === 0) return <p class="empty small">No border crossed yet.</p>;
  const newestFirst = [...crossings].sort((a, b) => startMs(b) - startMs(a));
  return (
    <ol class="crossings">
      {newestFirst.map(crossing => (
        <Crossing key={crossing.id} crossing={crossing} />
      ))}
    </ol>
  );
}

function startMs(crossing: CrossingRow): number {
  const known = CROSSING_STEPS.map(step => crossing[step]).find(bounds => bounds !== null);
  return parseMs(known?.est ?? known?.earliest ?? known?.latest) ?? 0;
}

function Crossing({ crossing }: { crossing: CrossingRow }) {
  const { zones } = useScene();
  return (
    <li class="crossing" data-crossing={crossing.id}>
      <div class="crossing-head">
        <h4>{nameOf(crossing)}</h4>
        <Sides from={crossing.from_side} to={crossing.to_side} />
        <Chips row={crossing} />
      </div>
      {notes(crossing).length > 0 && <p class="crossing-notes">{notes(crossing).join(" · ")}</p>}
      <DwellBar dwell={crossing} limitS={crossing.limit_s} scale={scaleS([crossing], crossing.limit_s)} />
      <BySide crossing={crossing} />
      <ol class="timeline">
        {CROSSING_STEPS.map(step => {
          const bounds = crossing[step];
          const { label, meaning, side } = STEPS[step];
          return (
            <li key={step} data-known={bounds !== null}>
              <span class="timeline-label" title={meaning}>
                {label}
              </span>
              {bounds ? (
                <Between bounds={bounds} zone={zones.side(crossing.border, crossing[side])} />
              ) : (
                <span class="between-detail">
                  {step === "departed" || step === "reached" ? "not yet seen" : "not seen"}
                </span>
              )}
            </li>
          );
        })}
      </ol>
    </li>
  );
}

/** How the dwell divides between the two sides, in the order they were passed. */
function BySide({ crossing }: { crossing: CrossingRow }) {
  const sides = [crossing.from_side, crossing.to_side].filter(side => side !== null);
  const parts = sides.flatMap(side => {
    const dwell = crossing.dwell_by_side[side];
    return dwell ? [{ side, text: dwellText(dwell).main }] : [];
  });
  if (parts.length < 2) return null;
  return (
    <p class="by-side">
      {parts.map(({ side, text }) => (
        <span key={side}>
          <abbr title={countryName(side)}>{side}</abbr> {text}
        </span>
      ))}
    </p>
  );
}

function nameOf(crossing: CrossingRow): string {
  if (crossing.border_name) return crossing.border_name;
  if (crossing.border) return crossing.border;
  const others = crossing.candidates.length;
  return others > 0 ? `One of ${plural(others, "border")}` : "Border not known";
}

function notes(crossing: CrossingRow): string[] {
  const back = crossing.from_side ? `went back to ${countryName(crossing.from_side)}` : "went back";
  return [
    ...(crossing.returned ? [back] : []),
    ...(crossing.gauge_change ? ["change of gauge"] : []),
    ...(crossing.border === null && crossing.candidates.length > 0 ? [crossing.candidates.join(" or ")] : []),
  ];
}
