/** One tracker closely: what is wrong and what to do, how it is, what it is set to, what it counted. */

import { ago, duration } from "../core/time.ts";
import {
  clockText,
  healthOf,
  otherCounters,
  outboxText,
  settingLines,
  settingText,
  type Tracker,
} from "../core/trackers.ts";
import type { ConfigurationRow, DeviceDetail, Run } from "../core/watchRows.ts";
import { plural, unitName } from "../core/words.ts";
import { Fact } from "./Fact.tsx";
import { Mark } from "./Icons.tsx";
import { useScene } from "./scene.ts";
import { Moment } from "./Times.tsx";

interface Props {
  readonly tracker: Tracker;
  /** Null: not read yet. */
  readonly detail: DeviceDetail | null;
}

export function TrackerDetail({ tracker, detail }: Props) {
  const { select } = useScene();
  const { row, setting, troubles } = tracker;
  const counters = otherCounters(row);
  return (
    <div class="tracker-detail">
      {troubles.length > 0 && (
        <ul class="troubles">
          {troubles.map(({ tone, words, todo }) => (
            <li key={words} data-tone={tone}>
              <Mark tone={tone} hollow={tone === "silent"} />
              <p>
                <b>{words}</b> {todo}
              </p>
            </li>
          ))}
        </ul>
      )}
      <Facts tracker={tracker} detail={detail} />
      {setting && <Setting setting={setting} />}
      {counters.length > 0 && (
        <details class="counters">
          <summary>Counted besides ({counters.length})</summary>
          <dl>
            {counters.map(([name, count]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{count}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
      {row.unit && (
        <button type="button" class="plain tracker-unit" onClick={() => select(row.unit)}>
          Show {unitName(row.unit)}
        </button>
      )}
    </div>
  );
}

/** What the tracker did not say is left out. */
function Facts({ tracker: { row }, detail }: Props) {
  const health = healthOf(row);
  const { upS, fixS, diskMb, tempC, lowSpells } = health;
  const version = detail?.status?.version;
  const said: readonly (readonly [label: string, value: string | null, more?: string])[] = [
    ["Runs for", upS === null ? null : duration(upS), typeof version === "string" ? `version ${version}` : ""],
    ["Outbox", outboxText(health)],
    [
      "Missing here",
      row.missing === 0 ? "nothing" : plural(row.missing, "batch", "batches"),
      detail ? lostText(detail) : "",
    ],
    ["Newest fix", fixS === null ? null : ago(fixS)],
    ["Clock", clockText(health)],
    ["Disk free", diskMb === null ? null : diskText(diskMb)],
    ["Processor", tempC === null ? null : `${tempC} °C`],
    ["Supply", lowSpells === null ? null : lowSpells === 0 ? "enough" : `too low ${plural(lowSpells, "time")}`],
  ];
  return (
    <dl class="facts">
      <Fact label="Contact" value={row.online === null ? "no status yet" : row.online ? "online" : "offline"}>
        {row.last_seen && <Moment iso={row.last_seen} />}
      </Fact>
      {said.map(([label, value, more]) =>
        value === null ? null : (
          <Fact key={label} label={label} value={value}>
            {more}
          </Fact>
        ),
      )}
    </dl>
  );
}

function diskText(mb: number): string {
  return mb >= 10_000 ? `${Math.round(mb / 1000)} GB` : `${mb} MB`;
}

/** By number, so that one can be asked for it; the most that fits, and what is gone for good. */
function lostText({ outboxes }: DeviceDetail): string {
  const runs = outboxes.flatMap(outbox => outbox.missing);
  const shown = runs.slice(0, 3).map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`));
  const size = (own: readonly Run[]) => own.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  const discarded = size(outboxes.flatMap(outbox => outbox.discarded));
  const quarantined = size(outboxes.flatMap(outbox => outbox.quarantined));
  return [
    ...(shown.length > 0 ? [`${shown.join(", ")}${runs.length > 3 ? ` and ${runs.length - 3} runs more` : ""}`] : []),
    ...(discarded > 0 ? [`${discarded} discarded there`] : []),
    ...(quarantined > 0 ? [`${quarantined} in quarantine`] : []),
  ].join("; ");
}

function Setting({ setting }: { setting: ConfigurationRow }) {
  const lines = settingLines(setting.wanted?.settings ?? {});
  return (
    <div class="setting" data-state={setting.wanted?.state ?? "none"}>
      <p>
        <span class="setting-label">Set from afar</span> <b>{settingText(setting)}</b>
      </p>
      {lines.length > 0 && (
        <ul>
          {lines.map(line => (
            <li key={line}>
              <code>{line}</code>
            </li>
          ))}
        </ul>
      )}
      {setting.wanted && (
        <p class="row-since">
          wanted <Moment iso={setting.wanted.wanted_at} />
          {setting.wanted.reported_at && (
            <>
              , answered <Moment iso={setting.wanted.reported_at} />
            </>
          )}
        </p>
      )}
    </div>
  );
}
