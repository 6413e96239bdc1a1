import { describe, expect, it } from "vitest";
import {
  beyondTexts,
  conditionText,
  extentOf,
  incidentText,
  isNotable,
  newestFirst,
  rangeShares,
  spanName,
  tallyTexts,
} from "../src/core/custody.ts";
import type { ConditionRow, CustodyRow } from "../src/core/rows.ts";

const H = 3600;
const NONE = { times: 0, seen: 0, counted: 0 };

function condition(min: number, mean: number, max: number, more: Partial<ConditionRow> = {}): ConditionRow {
  return { min, mean, max, known_s: 10 * H, unknown_s: 0, over_s: null, under_s: null, ...more };
}

function span(more: Partial<CustodyRow> = {}): CustodyRow {
  return {
    kind: "leg",
    place: null,
    place_name: null,
    country: null,
    from_place: null,
    to_place: null,
    start: null,
    end: null,
    conditions: {},
    shocks: { ...NONE, worst_g: null },
    doors: NONE,
    incidents: [],
    ...more,
  };
}

describe("a visit or leg", () => {
  const name = (row: Partial<CustodyRow>) => spanName(span(row), id => id.toUpperCase());

  it("is named after its place, or the places that it joins", () => {
    expect(name({ kind: "visit", place: "a", place_name: "Taftan" })).toBe("Taftan");
    expect(name({ from_place: "a", to_place: "b" })).toBe("A to B");
    expect(name({ from_place: "a" })).toBe("On from A");
    expect(name({ to_place: "b" })).toBe("On the way to B");
    expect(name({})).toBe("On the way");
  });
  it("is worth reading when something happened or a limit was passed", () => {
    expect(isNotable(span({ conditions: { temp_c: condition(1, 2, 3, { over_s: 0, under_s: 0 }) } }))).toBe(false);
    expect(isNotable(span({ conditions: { temp_c: condition(1, 2, 3, { over_s: 60 }) } }))).toBe(true);
    expect(isNotable(span({ doors: { times: 1, seen: 0, counted: 1 } }))).toBe(true);
  });
  it("comes before older ones", () => {
    const at = (time: string) => span({ start: { earliest: null, est: time, latest: null } });
    const rows = [span(), at("2026-11-01T00:00:00Z"), at("2026-11-03T00:00:00Z")];
    expect(newestFirst(rows).map(row => row.start?.est ?? null)).toEqual([
      "2026-11-03T00:00:00Z",
      "2026-11-01T00:00:00Z",
      null,
    ]);
  });
});

describe("condition", () => {
  it("tells the extremes, and the mean beside", () => {
    expect(conditionText("temp_c", condition(-4, 1.25, 6.2))).toEqual({
      range: "-4.0 to 6.2 °C",
      mean: "mean 1.3",
      known: "",
    });
    expect(conditionText("humidity_pct", condition(40, 40, 40)).range).toBe("40 %");
  });
  it("says for how much of the time it is known", () => {
    expect(conditionText("temp_c", condition(1, 2, 3, { unknown_s: 10 * H })).known).toBe("known for 10 h of 20 h");
  });
  it("names each limit that was passed, and for how long", () => {
    const conditions = {
      temp_c: condition(1, 2, 3, { over_s: H, under_s: 0 }),
      battery_v: condition(1, 2, 3, { under_s: 60 }),
    };
    expect(beyondTexts(span({ conditions }))).toEqual(["Too warm for 1 h", "battery_v too low for 1 min"]);
  });
  it("is drawn against the range of the whole journey", () => {
    const rows = [condition(-10, 0, 5), condition(0, 5, 10)].map(temp_c => span({ conditions: { temp_c } }));
    const extent = extentOf(rows, "temp_c");
    expect(extent).toEqual({ low: -10, high: 10 });
    expect(extent && rangeShares(condition(0, 5, 10), extent)).toEqual({ from: 0.5, to: 1, mean: 0.75 });
    expect(extentOf(rows.slice(1), "temp_c")).toBeNull();
    expect(rangeShares(condition(3, 3, 3), { low: 3, high: 3 }).mean).toBe(0.5);
  });
});

describe("incidents", () => {
  const text = (event: string, value: number | null, ended: string | null = null) =>
    incidentText({ event, value, ended, time: "2026-11-20T06:00:00Z" });

  it("say how hard and how long", () => {
    expect(text("shock", 4.2)).toBe("Shock 4.20 g");
    expect(text("door_opened", null, "2026-11-20T06:12:00Z")).toBe("Door open for 12 min");
    expect(text("door_opened", null)).toBe("Door opened, not seen closed");
    expect(text("tilt", 34)).toBe("Tilted 34°");
    expect(text("something_new", null)).toBe("something new");
  });
  it("that only the board's counter knows of are told too", () => {
    const shocks = { times: 3, seen: 1, counted: 3, worst_g: 4.2 };
    expect(tallyTexts(span({ shocks, doors: { times: 1, seen: 0, counted: 1 } }))).toEqual([
      "3 shocks, worst 4.20 g (2 only counted)",
      "1 door opening (only counted, not told when)",
    ]);
  });
});
