/** The page's head: whose it is, how many need attention, whether we hear the server, and the server's clock. */

import type { Counts } from "../core/board.ts";
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
        {counts.critical > 0 && (
          <li data-tone="critical">
            <Mark tone="critical" hollow={false} />
            <b>{counts.critical}</b> critical
          </li>
        )}
        {counts.over > 0 && (
          <li data-tone="over">
            <Mark tone="over" hollow={false} />
            <b>{counts.over}</b> over limit
          </li>
        )}
        {counts.silent > 0 && (
          <li data-tone="silent">
            <Mark tone="silent" hollow={true} />
            <b>{counts.silent}</b> no contact
          </li>
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
