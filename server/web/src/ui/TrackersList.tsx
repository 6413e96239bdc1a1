/** The trackers, those with something wrong first; one of them, when opened, with all that can be done about it. */

import type { Opened, Trackers } from "../core/model.ts";
import { ago, parseMs } from "../core/time.ts";
import { orderedTrackers, type Tracker } from "../core/trackers.ts";
import { plural, unitName } from "../core/words.ts";
import { Mark } from "./Icons.tsx";
import { useScene } from "./scene.ts";
import { TrackerDetail } from "./TrackerDetail.tsx";
import { Chip } from "./Verdicts.tsx";

/** Beyond this a search finds faster than an eye. */
const MOST_ROWS = 200;
const MOST_CHIPS = 3;

interface Props {
  readonly trackers: Trackers | null;
  readonly opened: Opened | null;
  readonly query: string;
  search(query: string): void;
}

export function TrackersList({ trackers, opened, query, search }: Props) {
  const { nowMs } = useScene();
  if (!trackers) return <p class="empty">Reading the trackers…</p>;
  const found = orderedTrackers(trackers.rows, trackers.settings, query, nowMs);
  const more = found.length - MOST_ROWS;
  return (
    <div class="trackers">
      <h2 class="unseen">Trackers, those with something wrong first</h2>
      <input
        type="search"
        class="search"
        placeholder="Find by tracker or unit"
        aria-label="Find a tracker"
        value={query}
        onInput={event => search(event.currentTarget.value)}
      />
      {trackers.rows.length === 0 && (
        <p class="empty">
          No tracker is known yet: <code>railbox device assign</code> makes one known.
        </p>
      )}
      {trackers.rows.length > 0 && found.length === 0 && <p class="empty">No tracker matches “{query}”.</p>}
      <ul class="unit-rows">
        {found.slice(0, MOST_ROWS).map(tracker => (
          <Row
            key={tracker.row.device}
            tracker={tracker}
            opened={opened?.device === tracker.row.device ? opened : null}
          />
        ))}
      </ul>
      {more > 0 && <p class="empty">{plural(more, "more tracker")}: find them by name.</p>}
    </div>
  );
}

function Row({ tracker, opened }: { tracker: Tracker; opened: Opened | null }) {
  const { openTracker } = useScene();
  const { row, troubles } = tracker;
  const worst = troubles[0]?.tone ?? "calm";
  const open = opened !== null;
  return (
    <li class="unit-row tracker" data-device={row.device} data-tone={worst} data-open={open}>
      <Mark tone={worst} hollow={worst === "silent"} />
      <div class="unit-row-body">
        <div class="tracker-head">
          <div class="row-head">
            <button
              type="button"
              class="unit-link"
              aria-expanded={open}
              onClick={() => openTracker(open ? null : row.device)}
            >
              {row.device}
            </button>
            <span class="row-age">
              <LastSeen iso={row.last_seen} />
            </span>
          </div>
          <p class="row-where">{row.unit ? `on ${unitName(row.unit)}` : "fixed to nothing"}</p>
          <Chips tracker={tracker} open={open} />
        </div>
        {opened && <TrackerDetail tracker={tracker} detail={opened.detail} />}
      </div>
    </li>
  );
}

/** Closed, the worst in a few words; opened, the detail says all of it. */
function Chips({ tracker: { troubles }, open }: { tracker: Tracker; open: boolean }) {
  if (open || troubles.length === 0) return null;
  const more = troubles.length - MOST_CHIPS;
  return (
    <p class="chips">
      {troubles.slice(0, MOST_CHIPS).map(({ tone, words }) => (
        <Chip key={words} verdict={{ tone, unsure: false, words, rank: 0 }} />
      ))}
      {more > 0 && <span class="chips-more">and {more} more</span>}
    </p>
  );
}

function LastSeen({ iso }: { iso: string | null }) {
  const { nowMs } = useScene();
  const ms = parseMs(iso);
  return <span>{ago(ms === null ? null : (nowMs - ms) / 1000)}</span>;
}
