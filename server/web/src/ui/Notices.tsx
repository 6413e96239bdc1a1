/** What was told: of the whole fleet, newest first, with what the webhook's receiver did not get; and of one unit. */

import type { Told } from "../core/model.ts";
import { deliveryText, groupedNotices, groupText, noticeText, webhookTroubles } from "../core/notices.ts";
import type { NoticeRow } from "../core/watchRows.ts";
import { unitName } from "../core/words.ts";
import { Mark } from "./Icons.tsx";
import { useScene } from "./scene.ts";
import { Moment } from "./Times.tsx";

interface Props {
  readonly told: Told | "nothing" | null;
  readonly selected: string | null;
}

export function Notices({ told, selected }: Props) {
  if (told === null) return <p class="empty">Reading what was told…</p>;
  if (told === "nothing") return <p class="empty">This server keeps no notices.</p>;
  return (
    <div class="notices">
      <h2 class="unseen">What was told, newest first</h2>
      {webhookTroubles(told.telling).map(words => (
        <p key={words} class="notice-trouble">
          {words}
        </p>
      ))}
      {told.notices.length === 0 && <p class="empty">Nothing was wrong so far, so nothing was told.</p>}
      <ul class="unit-rows">
        {groupedNotices(told.notices).map(group => (
          <Notice key={`${group[0].notice} ${group[0].revision}`} group={group} selected={group[0].unit === selected} />
        ))}
      </ul>
    </div>
  );
}

type Group = readonly [NoticeRow, ...NoticeRow[]];

function Notice({ group, selected }: { group: Group; selected: boolean }) {
  const { select } = useScene();
  const [row] = group;
  const { tone, unsure } = noticeText(row);
  return (
    <li class="unit-row notice" data-unit={row.unit} data-action={row.action} data-selected={selected}>
      <Mark tone={tone} hollow={unsure} />
      <div class="unit-row-body">
        <div class="row-head">
          <button type="button" class="unit-link" aria-pressed={selected} onClick={() => select(row.unit)}>
            {unitName(row.unit)}
          </button>
          <span class="row-age">
            <Moment iso={row.told_at} />
          </span>
        </div>
        <NoticeWords group={group} />
      </div>
    </li>
  );
}

function NoticeWords({ group }: { group: Group }) {
  const { nowMs } = useScene();
  const { words, where, detail } = groupText(group, nowMs);
  const delivery = deliveryText(group);
  return (
    <>
      <p class="notice-words">
        <b>{words}</b>
        {[where, detail]
          .filter(text => text !== "")
          .map(text => (
            <span key={text}>{text}</span>
          ))}
      </p>
      {delivery && <p class="notice-delivery">{delivery}</p>}
    </>
  );
}

export function NoticesOfUnit({ notices }: { notices: readonly NoticeRow[] }) {
  return (
    <section class="panel-part" aria-label="Told">
      <h3 class="group-title">Told lately</h3>
      <ul class="told">
        {notices.map(row => (
          <li key={`${row.notice} ${row.revision}`} data-action={row.action}>
            <Mark tone={noticeText(row).tone} hollow={noticeText(row).unsure} />
            <div>
              <NoticeWords group={[row]} />
              <p class="row-since">
                <Moment iso={row.told_at} />
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
