/** How far along its corridor a unit is, what lies ahead and when, and how late its service is. */

import { aheadText, basisText, kmText, timetableText } from "../core/progress.ts";
import type { Progress as Row } from "../core/rows.ts";
import { Fact } from "./Fact.tsx";
import { useScene } from "./scene.ts";
import { Moment } from "./Times.tsx";

export function Progress({ progress }: { progress: Row }) {
  const { nowMs } = useScene();
  const { next_border: border, terminal, timetable } = progress;
  const late = timetable && timetableText(timetable);
  const basis = basisText(progress);
  return (
    <section class="panel-part progress" aria-label="Progress">
      <h3 class="group-title">Progress</h3>
      <dl class="facts">
        <Fact label="Along the corridor" value={`at ${kmText(progress.km)}`}>
          {progress.heading === null && "heading not known yet"}
        </Fact>
        {progress.off_since && (
          <Fact label="Off the corridor" value={kmText(progress.off_m / 1000)}>
            since <Moment iso={progress.off_since} />
          </Fact>
        )}
        {border && (
          <Fact label="Next border" value={border.name}>
            {aheadText(border, nowMs)}
          </Fact>
        )}
        {terminal && (
          <Fact label="Terminal" value={terminal.name}>
            {aheadText(terminal, nowMs)}
          </Fact>
        )}
        {late && (
          <Fact label="Timetable" value={late.main}>
            {late.detail}
          </Fact>
        )}
      </dl>
      {basis && <p class="progress-basis">{basis}</p>}
    </section>
  );
}
