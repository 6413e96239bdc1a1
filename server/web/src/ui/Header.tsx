/** The page's head: whose it is, how many need attention, whether we hear the server, and the server's clock. */

import type { Counts } from "../core/board.ts";
import type { Tone } from "../core/judgement.ts";
import type { Link } from "../core/model.ts";
import type { ClockMode } from "../core/rows.ts";
import { clockText } from "../core/time.ts";
import { plural } from "../core/words.ts";
import { Brand, Mark } from "./Icons.tsx";
import { localTitle } from "./Times.tsx";

interface Props {
  readonly counts: Counts;
  readonly link: Link;
  readonly trouble: string | null;
  readonly nowMs: number | null;
  readonly mode: ClockMode | null;
}

const TALLIES: readonly (readonly [key: keyof Counts, tone: Tone, hollow: boolean, words: string])[] = [
  ["critical", "critical", false, "critical"],
  ["over", "over", false, "over limit"],
  ["possible", "over", true, "possibly over"],
  ["astray", "over", false, "off corridor"],
  ["silent", "silent", true, "no contact"],
];
const LINKS: Record<Link, string> = { connecting: "Connecting", live: "Connected", lost: "Reconnecting" };
const MODES: Record<ClockMode, { word: string; meaning: string }> = {
  real: { word: "Live", meaning: "The clock is real time" },
  replay: { word: "Replay", meaning: "The clock follows the newest fix of what is replayed" },
};

export function Header({ counts, link, trouble, nowMs, mode }: Props) {
  return (
    <header class="head">
      <h1 class="brand">
        <Brand />
        Railbox
      </h1>
      <ul class="counts" aria-label="Units by state">
        <li>
          <b>{counts.units}</b> {plural(counts.units, "unit").replace(/^\d+ /, "")}
        </li>
        {TALLIES.map(([key, tone, hollow, words]) =>
          counts[key] === 0 ? null : (
            <li key={key} data-tone={tone}>
              <Mark tone={tone} hollow={hollow} />
              <b>{counts[key]}</b> {words}
            </li>
          ),
        )}
      </ul>
      <p class="link" role="status" data-link={link} title={trouble ?? undefined}>
        <span class="link-dot" />
        {LINKS[link]}
      </p>
      {mode && (
        <span class="mode" data-mode={mode} title={MODES[mode].meaning}>
          {MODES[mode].word}
        </span>
      )}
      <ServerTime nowMs={nowMs} />
    </header>
  );
}

function ServerTime({ nowMs }: { nowMs: number | null }) {
  if (nowMs === null) return <span class="clock">–</span>;
  const { date, time } = clockText(nowMs);
  return (
    <time class="clock" dateTime={new Date(nowMs).toISOString()} title={localTitle(nowMs, null)}>
      <span class="clock-date">{date}</span>
      <span class="clock-time">{time}</span>
      <span class="clock-zone">UTC</span>
    </time>
  );
}
