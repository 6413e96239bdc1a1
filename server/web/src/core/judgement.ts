/**
 * What a flag means to a person: tone, words and rank, from one table. Colour is never the only sign,
 * so every tone has words and a mark of its own.
 */

import { kmText } from "./progress.ts";
import type { Certainty, Flag, Judgement, UnitRow } from "./rows.ts";
import { parseMs } from "./time.ts";

export type Tone = "calm" | "over" | "critical" | "silent";

export interface Verdict {
  readonly tone: Tone;
  /** The flag is possible, not certain: shown hatched or hollow. */
  readonly unsure: boolean;
  readonly words: string;
  /** Higher needs attention sooner. */
  readonly rank: number;
}

const CALM: Verdict = { tone: "calm", unsure: false, words: "Within limit", rank: 0 };
const SILENT: Verdict = { tone: "silent", unsure: false, words: "No contact", rank: 1 };
const FLAGGED: Record<Exclude<Flag, "none">, Record<"certain" | "possible", Verdict>> = {
  over: {
    possible: { tone: "over", unsure: true, words: "Possibly over limit", rank: 2 },
    certain: { tone: "over", unsure: false, words: "Over limit", rank: 3 },
  },
  critical: {
    possible: { tone: "critical", unsure: true, words: "Possibly critical", rank: 4 },
    certain: { tone: "critical", unsure: false, words: "Critical", rank: 5 },
  },
};

/** The verdict on the dwell alone, whatever the contact. */
export function flagVerdict(flag: Flag, certainty: Certainty): Verdict {
  return flag === "none" ? CALM : FLAGGED[flag][certainty ?? "possible"];
}

/** The verdict on a row: its flag first, then lost contact. */
export function verdict(row: Judgement): Verdict {
  const flagged = flagVerdict(row.flag, row.certainty);
  return flagged.rank === 0 && row.no_contact_since !== null ? SILENT : flagged;
}

/** The verdict on a unit's way: astray from its corridor, by the server's judgement; null: it is not. */
export function astray({ progress }: Pick<UnitRow, "progress">): Verdict | null {
  if (!progress?.off_since) return null;
  return { tone: "over", unsure: false, words: `Off corridor, ${kmText(progress.off_m / 1000)}`, rank: 3 };
}

/** The worst of all that is said of a unit. */
export function worstOf(row: UnitRow): Verdict {
  const [stay, way] = [verdict(row), astray(row)];
  return way !== null && way.rank > stay.rank ? way : stay;
}

/** How well we hear a unit: fresh, ageing (faded), or silent (hollow). */
export type Contact = "fresh" | "ageing" | "silent";

/** Ten intervals of a minute. */
const FRESH_BELOW_S = 600;

export function contact(row: UnitRow, nowMs: number): Contact {
  const age = ageS(row, nowMs);
  if (row.no_contact_since !== null || age === null) return "silent";
  return age < FRESH_BELOW_S ? "fresh" : "ageing";
}

/** Seconds since the unit's newest fix by the server's clock; null when it has none. */
export function ageS(row: UnitRow, nowMs: number): number | null {
  const time = parseMs(row.latest?.time);
  return time === null ? null : Math.max(0, (nowMs - time) / 1000);
}
