/** What was told, as words: of what, where, and whether it still holds. Pure. */

import { incidentText } from "./custody.ts";
import { dwellText } from "./interval.ts";
import { flagVerdict, type Verdict } from "./judgement.ts";
import { dayTime, parseMs } from "./time.ts";
import { INCIDENTS, type NoticeRow, type TellingRow } from "./watchRows.ts";
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

/**
 * Newest first. Incidents of one kind at one place, told on one day, go as one: a shunting yard gives dozens of shocks,
 * and they must not hide a container that stands too long.
 */
export function groupedNotices(rows: readonly NoticeRow[]): (readonly [NoticeRow, ...NoticeRow[]])[] {
  const groups = new Map<string, [NoticeRow, ...NoticeRow[]]>();
  for (const row of [...rows].sort((a, b) => b.told_at.localeCompare(a.told_at))) {
    const own = `${row.notice} ${row.revision}`;
    const key = isIncident(row)
      ? [row.unit, row.kind, whereOf(row), row.action, row.told_at.slice(0, 10)].join("|")
      : own;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()];
}

function isIncident(row: NoticeRow): boolean {
  return INCIDENTS.some(kind => kind === row.kind);
}

/** Of a group the sum, of one notice itself. */
export function groupText(group: readonly [NoticeRow, ...NoticeRow[]], nowMs: number): NoticeText {
  const [newest, ...others] = group;
  const text = noticeText(newest);
  const times = group.flatMap(row => parseMs(row.time) ?? []).sort((a, b) => a - b);
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined) return text;
  if (others.length === 0) return { ...text, detail: dayTime(first, nowMs) };
  const worst = Math.max(...group.map(row => row.value ?? 0));
  const most = newest.kind === "shock" ? `, worst ${worst.toFixed(2)} g` : "";
  const words = said(newest, `${plural(group.length, MANY[newest.kind] ?? newest.kind)}${most}`);
  return { ...text, words, detail: `${dayTime(first, nowMs)} to ${dayTime(last, nowMs)}` };
}

const MANY: Partial<Record<NoticeRow["kind"], string>> = {
  door: "door opening",
  shock: "shock",
  light: "light breach",
};

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

/** What the receiver did not get of a group, in words; null when all is well or nothing is to be posted. */
export function deliveryText(group: readonly NoticeRow[]): string | null {
  return group.map(undelivered).find(text => text !== null) ?? null;
}

function undelivered({ delivery }: NoticeRow): string | null {
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
