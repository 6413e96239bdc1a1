import { describe, expect, it } from "vitest";
import { boardLayout, counts, orderedRows, orderedUnits } from "../src/core/board.ts";
import { contact, verdict } from "../src/core/judgement.ts";
import { boardRow, border, NOW_MS, unit } from "./rows.ts";

describe("verdict", () => {
  it("ranks certain above possible and critical above over", () => {
    const ranks = [
      { flag: "none", certainty: null, no_contact_since: null },
      { flag: "none", certainty: null, no_contact_since: "2026-11-19T00:00:00Z" },
      { flag: "over", certainty: "possible", no_contact_since: null },
      { flag: "over", certainty: "certain", no_contact_since: null },
      { flag: "critical", certainty: "possible", no_contact_since: null },
      { flag: "critical", certainty: "certain", no_contact_since: null },
    ] as const;
    expect(ranks.map(row => verdict(row).rank)).toEqual([0, 1, 2, 3, 4, 5]);
  });
  it("says in words what is only possible", () => {
    expect(verdict({ flag: "over", certainty: "possible", no_contact_since: null }).words).toBe("Possibly over limit");
  });
});

describe("contact", () => {
  it("fades with age", () => {
    const heard = (ageS: number) => contact(unit("A", { ageS }), NOW_MS);
    expect([20, 1200].map(heard)).toEqual(["fresh", "ageing"]);
  });
  it("is lost when the server says so, however young the fix", () => {
    expect(contact(unit("A", { ageS: 1, no_contact_since: "2026-11-20T05:00:00Z" }), NOW_MS)).toBe("silent");
  });
  it("was never there without a position", () => expect(contact(unit("A", { latest: null }), NOW_MS)).toBe("silent"));
});

describe("board", () => {
  const calm = boardRow("CALM", { dwell_est_s: 9 * 3600 });
  const over = boardRow("OVER", { flag: "over", certainty: "certain" });
  const maybe = boardRow("MAYBE", { flag: "over", certainty: "possible" });

  it("puts rows that need attention first, and longer stays before shorter ones", () => {
    const longer = boardRow("LONGER", { dwell_est_s: 20 * 3600 });
    const rows = orderedRows(border("b", [calm, maybe, longer, over]));
    expect(rows.map(row => row.unit)).toEqual(["OVER", "MAYBE", "LONGER", "CALM"]);
  });
  it("puts the border with the worst row first, and empty borders apart", () => {
    const layout = boardLayout({
      now: "",
      borders: [border("empty", []), border("calm", [calm]), border("over", [over])],
    });
    expect(layout.occupied.map(b => b.border)).toEqual(["over", "calm"]);
    expect(layout.quiet.map(b => b.border)).toEqual(["empty"]);
  });
});

describe("units", () => {
  const units = [unit("B"), unit("A"), unit("C", { flag: "critical", certainty: "certain" })];

  it("are listed with trouble first, then by name", () => {
    expect(orderedUnits(units, "").map(row => row.unit)).toEqual(["C", "A", "B"]);
  });
  it("are found by number with or without spaces, and by place", () => {
    const found = [unit("MSCU1234566"), unit("X", { place: { id: "t", name: "Taftan", country: "PK" } })];
    expect(orderedUnits(found, "mscu 123").map(row => row.unit)).toEqual(["MSCU1234566"]);
    expect(orderedUnits(found, "taftan").map(row => row.unit)).toEqual(["X"]);
  });
  it("are counted once per trouble", () => {
    const silent = unit("S", { flag: "over", certainty: "possible", no_contact_since: "2026-11-19T00:00:00Z" });
    expect(counts([...units, silent], NOW_MS)).toEqual({
      units: 4,
      critical: 1,
      over: 0,
      possible: 1,
      astray: 0,
      silent: 1,
    });
  });
});
