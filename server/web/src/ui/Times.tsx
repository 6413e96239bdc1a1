/** Times in UTC, with the local time of the place and of the reader in the tooltip. */

import type { Bounds } from "../core/rows.ts";
import { boundsText, dayTime, localText, parseMs } from "../core/time.ts";
import { useScene } from "./scene.ts";

/** The tooltip of a moment; `zone` is the place's. */
export function localTitle(ms: number, zone: string | null): string {
  const mine = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const lines = [localText(ms, zone), mine === zone ? null : localText(ms, mine)];
  return [`${dayTime(ms)} UTC`, ...lines.filter(line => line !== null)].join("\n");
}

export function Moment({ iso, zone = null }: { iso: string | null; zone?: string | null }) {
  const { nowMs } = useScene();
  const ms = parseMs(iso);
  if (ms === null) return <span>not known</span>;
  return (
    <time dateTime={new Date(ms).toISOString()} title={localTitle(ms, zone)}>
      {dayTime(ms, nowMs)}
    </time>
  );
}

/** "about 20 Nov 03:12", and below or after it "between 03:10 and 03:14". */
export function Between({ bounds, zone = null }: { bounds: Bounds; zone?: string | null }) {
  const { nowMs } = useScene();
  const { main, detail } = boundsText(bounds, nowMs);
  const ms = parseMs(bounds.est ?? bounds.latest ?? bounds.earliest);
  return (
    <span class="between" title={ms === null ? undefined : localTitle(ms, zone)}>
      <span class="between-main">{main}</span>
      {detail && " "}
      {detail && <span class="between-detail">{detail}</span>}
    </span>
  );
}
