import { describe, expect, it } from "vitest";
import { aheadText, basisText, etaText, kmText, timetableText } from "../src/core/progress.ts";
import type { Ahead, Progress } from "../src/core/rows.ts";
import { NOW_MS } from "./rows.ts";

const eta = (p50: string, p90: string, observations = 0) => ({ p50, p90, observations });
const BORDER: Ahead = {
  id: "b",
  name: "Sarakhs",
  km: 2300,
  distance_km: 320.4,
  eta: eta("2026-11-22T04:00:00Z", "2026-11-23T16:00:00Z"),
};

describe("a forecast", () => {
  it("is likely one time, and nine in ten by another", () => {
    expect(aheadText(BORDER, NOW_MS)).toBe("in 320 km, about 22 Nov 04:00, 9 in 10 by 23 Nov 16:00");
  });
  it("does not repeat the day", () => {
    expect(etaText(eta("2026-11-22T04:00:00Z", "2026-11-22T09:00:00Z"), NOW_MS)).toBe(
      "about 22 Nov 04:00, 9 in 10 by 09:00",
    );
  });
  it("never tells of the past", () => {
    expect(etaText(eta("2026-11-20T05:00:00Z", "2026-11-20T09:00:00Z"), NOW_MS)).toBe(
      "any time now, 9 in 10 by 20 Nov 09:00",
    );
    expect(etaText(eta("2026-11-20T05:00:00Z", "2026-11-20T06:00:00Z"), NOW_MS)).toBe("later than forecast");
  });
  it("may be absent: then the distance is told, or that it is there", () => {
    expect(aheadText({ ...BORDER, eta: null }, NOW_MS)).toBe("in 320 km");
    expect(aheadText({ ...BORDER, distance_km: 0, eta: null }, NOW_MS)).toBe("is there");
  });
  it("says what it rests on", () => {
    const progress = { next_border: BORDER, terminal: { ...BORDER, eta: eta("", "", 12) } } as Progress;
    expect(basisText(progress)).toBe("Forecast from published figures and 12 waits and runs of this fleet.");
    expect(basisText({ ...progress, terminal: null })).toBe("Forecast from published figures.");
    expect(basisText({ ...progress, next_border: null, terminal: null })).toBe("");
  });
});

describe("a timetable", () => {
  it("is held against where the unit was last seen, and the end", () => {
    expect(timetableText({ late_min: 45, late_at_end_min: 120, assumed: true })).toEqual({
      main: "45 min late",
      detail: "about 2 h late at the end, against reckoned times",
    });
    expect(timetableText({ late_min: -200, late_at_end_min: 0, assumed: false })).toEqual({
      main: "3 h 20 min early",
      detail: "about on time at the end",
    });
    expect(timetableText({ late_min: 0, late_at_end_min: null, assumed: false })).toEqual({
      main: "on time",
      detail: "",
    });
  });
});

describe("kilometres", () => {
  it("have tenths only where those matter", () => {
    expect(kmText(3.21)).toBe("3.2 km");
    expect(kmText(1410.4)).toBe("1,410 km");
  });
});
