import { describe, expect, it } from "vitest";
import { counts } from "../src/core/board.ts";
import { astray, worstOf } from "../src/core/judgement.ts";
import { deliveryText, groupedNotices, groupText, noticeText, webhookTroubles } from "../src/core/notices.ts";
import type { Progress } from "../src/core/rows.ts";
import { isUrgent, orderedTrackers, settingLines, settingText, troubles } from "../src/core/trackers.ts";
import type { ConfigurationRow, DeviceRow, NoticeRow } from "../src/core/watchRows.ts";
import { NOW_MS, unit } from "./rows.ts";

const SEEN = new Date(NOW_MS - 20_000).toISOString();
const WELL = { up_s: 9000, fix_s: 1, clock_s: 1, disk_mb: 9000, temp_c: 45, volts_low: 0 };

function device(more: Partial<DeviceRow> = {}): DeviceRow {
  return {
    device: "TRK",
    unit: null,
    last_seen: SEEN,
    batches: 9,
    missing: 0,
    online: true,
    outbox_batches: 0,
    outbox_oldest_s: null,
    worries: [],
    counters: {},
    health: WELL,
    ...more,
  };
}

function setting(
  state: "pending" | "applied" | "refused" | "reverted",
  more: Partial<ConfigurationRow> = {},
): ConfigurationRow {
  const wanted = { version: 4, settings: {}, wanted_at: SEEN, state, reason: "no broker", reported_at: null };
  return { device: "TRK", wanted, in_force: null, heard_at: null, unreadable: null, ...more };
}

const words = (row: DeviceRow, set: ConfigurationRow | null = null) => troubles(row, set, NOW_MS).map(t => t.words);

describe("a tracker", () => {
  it("that is well has no trouble", () => expect(words(device(), setting("applied"))).toEqual([]));
  it("tells the worst first", () => {
    const health = { ...WELL, disk_mb: 4, temp_c: 82, volts_low: 2, ports: { gnss: "closed" } };
    expect(words(device({ health, online: false }))).toEqual([
      "Port gnss closed",
      "Disk full: 4 MB",
      "Hot: 82 °C",
      "Under-voltage 2×",
      "Offline",
    ]);
  });
  it("without clock or fix since it started says so", () => {
    expect(words(device({ health: { up_s: 100 } }))).toEqual(["No clock", "No fix yet"]);
  });
  it("may say anything of itself, and is listed all the same", () => {
    const odd = device({ health: "well", counters: [1], outbox_batches: "many", outbox_oldest_s: Number.NaN });
    expect(words(odd)).toEqual([]);
  });
  it("is not blamed for batches that wait in its outbox, or may come yet", () => {
    expect(words(device({ missing: 5, outbox_batches: 5 }))).toEqual([]);
    expect(words(device({ missing: 5 }))).toEqual(["5 batches missing"]);
    expect(isUrgent(troubles(device({ missing: 5, online: false }), null, NOW_MS))).toBe(false);
  });
  it("whose outbox does not empty is told", () => {
    expect(words(device({ outbox_batches: 7, outbox_oldest_s: 30_000 }))).toEqual(["7 batches wait 8 h"]);
  });
  it("that took settings back says why, and a counter what to do", () => {
    const [first] = troubles(device(), setting("reverted"), NOW_MS);
    expect([first?.words, first?.todo]).toEqual(["Settings reverted", "No broker."]);
    const worries = [{ counter: "outbox_write_failed", count: 3, meaning: "commits not taken", todo: "free space" }];
    const [worry] = troubles(device({ worries }), null, NOW_MS);
    expect([worry?.words, worry?.todo]).toEqual(["Outbox write failed 3×", "Commits not taken: free space."]);
  });
  it("that was never heard, or not for long, is silent", () => {
    expect(words(device({ last_seen: null, online: null }))).toEqual(["Never heard"]);
    expect(words(device({ last_seen: "2026-11-20T03:00:00Z" }))).toEqual(["Silent 3 h"]);
  });
});

describe("trackers", () => {
  const rows = [
    device({ device: "A" }),
    device({ device: "B", online: false }),
    device({ device: "C", unit: "MSCU1234566", health: { ...WELL, temp_c: 90 } }),
    device({ device: "D", health: { ...WELL, temp_c: 81 } }),
  ];
  it("come with what is wrong first", () => {
    expect(orderedTrackers(rows, [], "", NOW_MS).map(t => t.row.device)).toEqual(["C", "D", "B", "A"]);
  });
  it("are found by name and unit", () => {
    expect(orderedTrackers(rows, [], "mscu 123456 6", NOW_MS).map(t => t.row.device)).toEqual(["C"]);
  });
});

describe("settings from afar", () => {
  it("say what holds", () => {
    expect(settingText(setting("applied", { in_force: 4 }))).toBe("version 4 holds");
    expect(settingText(setting("pending", { in_force: 3 }))).toBe("version 4 waits to be taken; version 3 holds");
    expect(settingText(setting("refused"))).toBe("version 4 refused; its own file holds");
    expect(settingText({ ...setting("applied"), wanted: null })).toBe("its own file alone");
  });
  it("are lines as in the tracker's file", () => {
    expect(settingLines({ thinning: { deadline_s: 300 }, thresholds: [{ channel: "temp_c" }] })).toEqual([
      "thinning.deadline_s = 300",
      'thresholds = [{"channel":"temp_c"}]',
    ]);
  });
});

describe("a notice", () => {
  const delivery = { state: "delivered", attempts: 1, answer: "204 No Content" } as const;
  const flag: NoticeRow = {
    notice: "n",
    revision: 1,
    kind: "flag",
    action: "told",
    told_at: SEEN,
    unit: "A",
    delivery,
    flag: "over",
    certainty: "certain",
    border_name: "Taftan / Mirjaveh",
    dwell_min_s: 190_000,
    dwell_est_s: 193_700,
    dwell_max_s: 194_000,
  };

  it("says of what, where and how long", () => {
    expect(noticeText(flag)).toEqual({
      tone: "over",
      unsure: false,
      words: "Over limit",
      where: "Taftan / Mirjaveh",
      detail: "stood about 54 h",
    });
  });
  it("that was taken back is told calmly", () => {
    expect(noticeText({ ...flag, action: "retracted" })).toMatchObject({ tone: "calm", words: "Not so: over limit" });
    expect(noticeText({ ...flag, kind: "no_contact", action: "ended" }).words).toBe("Contact is back");
  });
  it("names the border's candidates where it is not known, and a silent unit's place", () => {
    expect(noticeText({ ...flag, border_name: null, candidates: ["x", "y"] }).where).toBe("x or y");
    expect(noticeText({ ...flag, border_name: null, place: { name: "Taftan" } }).where).toBe("Taftan");
    expect(noticeText({ ...flag, border_name: null, place: "pk-taftan" }).where).toBe("");
  });
  it("says of its delivery only what is wrong", () => {
    expect(deliveryText([flag])).toBeNull();
    expect(deliveryText([flag, { ...flag, delivery: { state: "waiting", attempts: 2, answer: "502" } }])).toBe(
      "Webhook: waiting after 2 attempts (502)",
    );
  });
  it("of many shocks at one place is one, and hides nothing that lasts", () => {
    const shock = (value: number, time: string): NoticeRow => {
      return {
        ...flag,
        notice: time,
        kind: "shock",
        event: "shock",
        value,
        time,
        place_name: "Taftan",
        border_name: null,
      };
    };
    const shocks = [shock(2, "2026-11-20T01:00:00Z"), shock(4.2, "2026-11-20T02:00:00Z")];
    const elsewhere = { ...shock(3, "2026-11-20T03:00:00Z"), place_name: "Mirjaveh" };
    const groups = groupedNotices([...shocks, flag, elsewhere]);
    expect(groups.map(group => groupText(group, NOW_MS)).map(text => [text.words, text.detail])).toEqual([
      ["2 shocks, worst 4.20 g", "20 Nov 01:00 to 20 Nov 02:00"],
      ["Over limit", "stood about 54 h"],
      ["Shock 3.00 g", "20 Nov 03:00"],
    ]);
  });
  it("queue that needs a hand is told", () => {
    const telling = { waiting: 4, oldest_waiting: null, refused: 1, dropped: 0 };
    const webhook = { to: "https://erp.example", stopped: true, last_answer: "410 Gone" };
    expect(webhookTroubles({ ...telling, webhook })).toHaveLength(2);
    expect(webhookTroubles({ ...telling, webhook: null })).toEqual([]);
  });
});

describe("a unit off its corridor", () => {
  const progress: Progress = {
    corridor: "c",
    km: 100,
    off_m: 12_400,
    off_since: SEEN,
    heading: null,
    standing_at: null,
    next_border: null,
    terminal: null,
    timetable: null,
  };

  it("has a verdict, is counted, and comes before calm ones", () => {
    const row = unit("A", { progress });
    expect(astray(row)?.words).toBe("Off corridor, 12 km");
    expect(worstOf(row).tone).toBe("over");
    expect(counts([row, unit("B")], NOW_MS).astray).toBe(1);
  });
  it("has none once it is back", () => {
    const row = unit("A", { progress: { ...progress, off_since: null } });
    expect([astray(row), worstOf(row).rank]).toEqual([null, 0]);
  });
  it("that is critical stays critical", () => {
    const row = unit("A", { progress, flag: "critical", certainty: "certain" });
    expect(worstOf(row).words).toBe("Critical");
  });
});
