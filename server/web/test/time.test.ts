import { describe, expect, it } from "vitest";
import { ago, boundsText, clockText, dayTime, duration, localText, parseMs } from "../src/core/time.ts";

const NOW = Date.parse("2026-11-20T06:00:00Z");
const at = (time: string) => `2026-11-${time}:00Z`;

describe("durations", () => {
  it.each([
    [0, "0 s"],
    [59, "59 s"],
    [60, "1 min"],
    [3 * 3600 + 20 * 60, "3 h 20 min"],
    [3 * 3600 + 59 * 60 + 40, "4 h"],
    [54 * 3600, "54 h"],
    [12 * 86_400 + 3 * 3600, "12 d 3 h"],
  ])("%d s reads %s", (seconds, text) => expect(duration(seconds)).toBe(text));

  it("never goes below nothing, when a clock runs ahead", () => expect(ago(-5)).toBe("just now"));
  it("says never for what was never heard", () => expect(ago(null)).toBe("never"));
});

describe("times", () => {
  it("are UTC whatever the machine's zone", () => {
    expect(dayTime(NOW)).toBe("20 Nov 06:00");
    expect(clockText(NOW)).toEqual({ date: "20 Nov 2026", time: "06:00:00" });
  });
  it("name the year only when it is another one", () => {
    expect(dayTime(Date.parse("2025-12-31T23:30:00Z"), NOW)).toBe("31 Dec 2025 23:30");
  });
  it("that cannot be read are not known", () => {
    expect(parseMs("yesterday")).toBeNull();
    expect(parseMs(null)).toBeNull();
  });
  it("are local only when asked for a zone that exists", () => {
    expect(localText(NOW, "Asia/Karachi")).toBe("20 Nov 11:00 in Asia/Karachi");
    expect(localText(NOW, "Mars/Olympus")).toBeNull();
  });
});

describe("bounds", () => {
  it("on one day give the estimate and the hours between", () => {
    const text = boundsText({ earliest: at("20T03:10"), est: at("20T03:12"), latest: at("20T03:14") }, NOW);
    expect(text).toEqual({ main: "about 20 Nov 03:12", detail: "between 03:10 and 03:14" });
  });
  it("over several days name the days", () => {
    const text = boundsText({ earliest: at("17T22:50"), est: at("18T02:00"), latest: at("18T05:10") }, NOW);
    expect(text.detail).toBe("between 17 Nov 22:50 and 18 Nov 05:10");
  });
  it("that leave no doubt say no more than the time", () => {
    const text = boundsText({ earliest: at("20T03:12"), est: at("20T03:12"), latest: at("20T03:12") }, NOW);
    expect(text).toEqual({ main: "20 Nov 03:12", detail: "" });
  });
  it("without an earliest say before", () => {
    expect(boundsText({ earliest: null, est: null, latest: at("20T03:14") }, NOW).main).toBe("before 20 Nov 03:14");
    expect(boundsText({ earliest: null, est: at("20T03:12"), latest: at("20T03:14") }, NOW).detail).toBe(
      "before 03:14",
    );
  });
  it("without anything say so", () => {
    expect(boundsText({ earliest: null, est: null, latest: null }, NOW).main).toBe("not known");
  });
});
