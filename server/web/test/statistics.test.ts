import { describe, expect, it } from "vitest";
import type { BorderStatistics, Standing } from "../src/core/rows.ts";
import { directionsOf, groundText, monthsOf, standingText, summaryText, trendText } from "../src/core/statistics.ts";

function standing(n: number, p50_h: number | null, more: Partial<Standing> = {}): Standing {
  const p90_h = p50_h === null ? null : p50_h * 2;
  return { n, p50_h, p90_h, mean_h: p50_h, p50_bounds_h: null, open: 0, cut: 0, longest_open_h: null, ...more };
}

function direction(from_side: string, to_side: string, stood: Standing, border = "x"): BorderStatistics {
  return { border, from_side, to_side, by_month: {}, trend: null, ...stood };
}

describe("a border's history", () => {
  it("gives half and nine in ten", () => {
    expect(standingText(standing(12, 31))).toBe("half within 31 h, 9 in 10 within 62 h");
  });
  it("of few crossings claims no more than they say", () => {
    expect(standingText(standing(1, 31))).toBe("one took 31 h");
    expect(standingText(standing(4, 31))).toBe("half within 31 h");
  });
  it("gives bounds where no crossing was seen to begin", () => {
    expect(standingText(standing(0, null, { p50_bounds_h: [12, 40] }))).toBe("half within 12 h to 40 h");
    expect(standingText(standing(0, null, { p50_bounds_h: [12, null] }))).toBe("half over 12 h or more");
  });
  it("says what it rests on, and what it leaves out", () => {
    expect(groundText(standing(1, 31, { cut: 2, open: 1, longest_open_h: 80 }))).toBe(
      "of 1 crossing; 2 more were there at first sight; 1 not over yet, the longest for 80 h",
    );
  });
  it("shows the busiest direction first, and no direction of which nothing is known", () => {
    const rows = [
      direction("A", "B", standing(1, 5)),
      direction("B", "A", standing(9, 7)),
      direction("A", "A", standing(0, null)),
    ];
    expect(directionsOf([...rows, direction("A", "B", standing(99, 1), "other")], "x").map(row => row.n)).toEqual([
      9, 1,
    ]);
    expect(summaryText(directionsOf(rows, "x"))).toBe("half within 7 h B to A, 5 h A to B");
    expect(summaryText([])).toBe("");
  });
  it("tells a trend only when there is one", () => {
    expect(trendText({ hours_per_month: 2.5, months: 5 })).toBe("2 h 30 min longer every month, over 5 months");
    expect(trendText({ hours_per_month: -1, months: 3 })).toBe("1 h shorter every month, over 3 months");
    expect(trendText({ hours_per_month: 0.1, months: 3 })).toBe("Steady over 3 months");
    expect(trendText(null)).toBe("");
  });
});

describe("months", () => {
  it("without a crossing keep their place", () => {
    const months = monthsOf({ "2025-11": standing(2, 10), "2026-02": standing(2, 20) });
    expect(months.map(month => [month.name, month.p50, month.p90])).toEqual([
      ["Nov 2025", 0.25, 0.5],
      ["Dec 2025", null, null],
      ["Jan 2026", null, null],
      ["Feb 2026", 0.5, 1],
    ]);
  });
  it("are the latest ones of a long history, and none of no history", () => {
    expect(monthsOf({ "1999-01": standing(1, 1), "2026-11": standing(1, 1) })).toHaveLength(18);
    expect(monthsOf({})).toEqual([]);
    expect(monthsOf({ nonsense: standing(1, 1) })).toEqual([]);
  });
});
