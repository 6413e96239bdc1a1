/** What was told, as words: of what, where, and whether it still holds. Pure. */

import { incidentText } from "./custody.ts";
import { dwellText } from "./interval.ts";
import { flagVerdict, type Verdict } from "./judgement.ts";
import type { NoticeRow, TellingRow } from "./watchRows.ts";
import { plural } from "./words.ts";

export interface NoticeText {
  readonly tone: Verdict["tone"];
  readonly unsure: boolean;
  readonly words: string;
  /** Empty where nobody knows. */
  readonly where: string;
  /** How long, when; empty where there is no more to say. */
  readonly detail: string;
}

/** What was taken back, or is over, is told calmly. */
export function noticeText(row: NoticeRow): NoticeText {
  const { tone, unsure, words } = verdictOf(row);
  const past = row.action === "retracted" || row.action === "ended";
  return {
    tone: past ? "calm" : tone,
    unsure: !past && unsure,
    words: said(row, words),
    where: whereOf(row),
    detail: detailOf(row),
  };
}

function verdictOf(row: NoticeRow): Pick<Verdict, "tone" | "unsure" | "words"> {
  if (row.kind === "flag") return flagVerdict(row.flag ?? "over", row.certainty ?? "possible");
  if (row.kind === "no_contact") return { tone: "silent", unsure: true, words: "No contact" };
  const { value = null, ended = null, time = "" } = row;
  return { tone: "over", unsure: false, words: incidentText({ event: row.event ?? row.kind, value, ended, time }) };
}

function said(row: NoticeRow, words: string): string {
  switch (row.action) {
    case "retracted":
      return `Not so: ${words.toLowerCase()}`;
    case "ended":
      return row.kind === "no_contact" ? "Contact is back" : `Over: ${words.toLowerCase()}`;
    case "revised":
      return `Corrected: ${words.toLowerCase()}`;
    default:
      return words;
  }
}

function whereOf(row: NoticeRow): string {
  const place = row.place_name ?? nameIn(row.place);
  return row.border_name ?? place ?? (row.candidates?.length ? row.candidates.join(" or ") : "");
}

/** A silent unit's place is a row, a visit's an id that has its name beside it. */
function nameIn(place: unknown): string | null {
  const name = typeof place === "object" && place !== null ? (place as { name?: unknown }).name : null;
  return typeof name === "string" ? name : null;
}

function detailOf(row: NoticeRow): string {
  if (row.dwell_min_s === undefined) return "";
  const { dwell_min_s, dwell_est_s = null, dwell_max_s = null } = row;
  return `stood ${dwellText({ dwell_min_s, dwell_est_s, dwell_max_s }).main}`;
}

/** What the receiver did not get, in words; null when all is well or nothing is to be posted. */
export function deliveryText({ delivery }: NoticeRow): string | null {
  const { state, attempts, answer } = delivery;
  if (state === "kept" || state === "delivered" || (state === "waiting" && attempts === 0)) return null;
  const tried = state === "waiting" ? `waiting after ${plural(attempts, "attempt")}` : state;
  return `Webhook: ${tried}${answer === null ? "" : ` (${answer})`}`;
}

/** What somebody has to do about the webhook; empty: nothing. */
export function webhookTroubles(telling: TellingRow): string[] {
  const { webhook, refused, dropped, waiting } = telling;
  if (webhook === null) return [];
  const answer = webhook.last_answer === null ? "" : ` It last answered: ${webhook.last_answer}.`;
  return [
    ...(webhook.stopped
      ? [`${webhook.to} said that nobody wants notices any more: ${waiting} wait until posting is resumed.`]
      : []),
    ...(refused > 0 ? [`${webhook.to} refused ${plural(refused, "notice")}.${answer}`] : []),
    ...(dropped > 0 ? [`${plural(dropped, "notice")} waited too long and will not be posted.`] : []),
  ];
}
