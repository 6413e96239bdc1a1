import type { Feature } from "geojson";
import { describe, expect, it } from "vitest";
import { advancedBy, heard, serverNow } from "../src/core/clock.ts";
import { type CorridorFile, markOf, readCorridor, zonesOf } from "../src/core/corridor.ts";
import { boxOf, circleRing, contains, unwrapped } from "../src/core/geo.ts";
import { dwellText, interval, scaleS } from "../src/core/interval.ts";
import type { TrackPoint } from "../src/core/rows.ts";
import { nearest, sparkline } from "../src/core/sparkline.ts";
import { trackOf } from "../src/core/track.ts";
import { addressOf, selectionIn } from "../src/edge/address.ts";
import { unit } from "./rows.ts";

const H = 3600;

describe("dwell bar", () => {
  const dwell = { dwell_min_s: 31 * H, dwell_est_s: 35 * H, dwell_max_s: 55 * H };

  it("is sure up to the minimum and possible up to the maximum", () => {
    const bar = interval(dwell, 48 * H, 100 * H);
    expect(bar).toEqual({ sure: 0.31, possible: 0.55, open: false, est: 0.35, limit: 0.48, critical: 0.96 });
  });
  it("has no end where nothing bounds the dwell", () => {
    const bar = interval({ ...dwell, dwell_max_s: null }, 48 * H, 100 * H);
    expect([bar.possible, bar.open]).toEqual([1, true]);
  });
  it("leaves out marks that lie beyond its scale", () => {
    const bar = interval(dwell, 48 * H, 60 * H);
    expect([bar.limit, bar.critical]).toEqual([0.8, null]);
  });
  it("shares a scale that holds the longest dwell and the limit", () => {
    expect(scaleS([dwell], 48 * H)).toBe(60 * H);
    expect(scaleS([{ ...dwell, dwell_max_s: 200 * H }], 48 * H)).toBeGreaterThan(200 * H);
  });
  it("says in words what it shows", () => {
    expect(dwellText(dwell)).toEqual({ main: "about 35 h", detail: "31 h to 55 h" });
    expect(dwellText({ ...dwell, dwell_max_s: null }).detail).toBe("at least 31 h");
    expect(dwellText({ dwell_min_s: null, dwell_est_s: null, dwell_max_s: null }).main).toBe("not known");
  });
});

describe("track", () => {
  const point = (minute: number, more: Partial<TrackPoint> = {}): TrackPoint => ({
    time: new Date(Date.UTC(2026, 10, 20, 5, minute)).toISOString(),
    lat: 29,
    lon: 61 + minute / 100,
    dark_s: 0,
    trusted: true,
    device: "TRK",
    ...more,
  });

  it("is dashed where the receiver was dark", () => {
    const { lines } = trackOf([point(0), point(1), point(20, { dark_s: 1100 }), point(21)], null);
    expect(lines.features.map(f => f.properties.dark)).toEqual([false, true, false]);
  });
  it("keeps untrusted points out of the line, and shows them", () => {
    const { lines, untrusted } = trackOf([point(0), point(1, { trusted: false, lat: 60 }), point(2)], null);
    expect(lines.features.flatMap(f => f.geometry.coordinates).every(([, lat]) => lat === 29)).toBe(true);
    expect(untrusted.features).toHaveLength(1);
  });
  it("never joins two devices", () => {
    const { lines } = trackOf([point(0), point(0, { device: "B" }), point(1), point(1, { device: "B" })], null);
    expect(lines.features).toHaveLength(2);
  });
  it("goes on to the live position", () => {
    const { lines } = trackOf([point(0), point(1)], unit("A").latest);
    expect(lines.features.at(-1)?.geometry.coordinates).toHaveLength(3);
  });
});

describe("corridor", () => {
  const place = (id: string, km: number, more: object = {}): Feature => ({
    type: "Feature",
    properties: {
      kind: "place",
      id,
      name: id.toUpperCase(),
      roles: ["station"],
      country: "PK",
      km,
      radius_m: 500,
      ...more,
    },
    geometry: { type: "Point", coordinates: [60 + km / 100, 30] },
  });
  const file: CorridorFile = {
    type: "FeatureCollection",
    title: "Test",
    features: [
      place("c", 300),
      place("a", 0),
      place("b", 100, { border_id: "x", side: "PK", tz: "Asia/Karachi", roles: ["border-yard"] }),
      place("beside", 100, { km: null }),
      { type: "Feature", properties: { kind: "border", id: "x", name: "X" }, geometry: null as never },
      { type: "Feature", properties: { kind: "leg", mode: "rail", from_km: 0, to_km: 100 }, geometry: null as never },
      { type: "Feature", properties: { kind: "leg", mode: "road", from_km: 100, to_km: 300 }, geometry: null as never },
    ],
  };

  it("runs through its places in order, by road where a leg says so", () => {
    const { lines } = readCorridor(file, "test");
    expect(lines.map(line => [line.properties.mode, line.geometry.coordinates])).toEqual([
      [
        "rail",
        [
          [60, 30],
          [61, 30],
        ],
      ],
      [
        "road",
        [
          [61, 30],
          [63, 30],
        ],
      ],
    ]);
  });
  it("puts a border without a point among its yards", () => {
    expect(readCorridor(file, "test").borders).toEqual([{ id: "x", name: "X", at: [61, 30] }]);
  });
  it("knows the time zone of each side of a border", () => {
    const zones = zonesOf([readCorridor(file, "test")]);
    expect([zones.side("x", "PK"), zones.side("x", "IR"), zones.place("b")]).toEqual([
      "Asia/Karachi",
      null,
      "Asia/Karachi",
    ]);
  });
  it("marks a border yard as one", () => {
    const yard = readCorridor(file, "test").places.find(p => p.id === "b");
    expect(yard && markOf(yard)).toBe("border");
  });
});

describe("geometry", () => {
  it("draws a circle of the right size", () => {
    const box = boxOf(circleRing(60, 60, 1000));
    expect(box && (box[3] - box[1]) * 111_195).toBeCloseTo(2000, -1);
  });
  it("tells inside from outside, holes too", () => {
    const square = (a: number, b: number) => [
      [a, a],
      [b, a],
      [b, b],
      [a, b],
      [a, a],
    ];
    const shape = { type: "Polygon" as const, coordinates: [square(0, 10), square(4, 6)] };
    expect([contains(shape, [1, 1]), contains(shape, [5, 5]), contains(shape, [11, 1])]).toEqual([true, false, false]);
  });
  it("goes on past the antimeridian", () => {
    expect(
      unwrapped([
        [170, 0],
        [-170, 0],
        [170, 0],
      ]),
    ).toEqual([
      [170, 0],
      [190, 0],
      [170, 0],
    ]);
  });
});

describe("chart", () => {
  const samples = (...minutes: number[]) => minutes.map(m => ({ timeMs: m * 60_000, value: m }));

  it("leaves gaps where there were no readings", () => {
    expect(sparkline(samples(0, 1, 2, 60, 61), 100, 10)?.path.match(/M/g)).toHaveLength(2);
  });
  it("shows a lone reading as a dot", () => {
    expect(sparkline(samples(0, 1, 2, 60), 100, 10)?.dots).toHaveLength(1);
  });
  it("draws a flat series in the middle", () => {
    const flat = samples(0, 1, 2).map(s => ({ ...s, value: 5 }));
    expect(sparkline(flat, 100, 10)?.points.map(p => p.y)).toEqual([5, 5, 5]);
  });
  it("needs two readings", () => expect(sparkline(samples(1), 100, 10)).toBeNull());
  it("finds the nearest reading", () => expect(nearest([{ x: 1 }, { x: 5 }], 4)).toEqual({ x: 5 }));
});

describe("the server's clock", () => {
  const clock = (mode: "real" | "replay") => heard({ now: "2026-11-20T06:00:00Z", mode }, 1000);

  it("runs on between ticks in service", () => {
    const real = clock("real");
    expect(real && serverNow(real, 3500) - real.nowMs).toBe(2500);
  });
  it("stands still between ticks in replay, and follows newer fixes", () => {
    const replay = clock("replay");
    expect(replay && serverNow(replay, 3500) - replay.nowMs).toBe(0);
    expect(replay && advancedBy(replay, replay.nowMs + 60_000).nowMs - replay.nowMs).toBe(60_000);
  });
});

describe("address", () => {
  it("keeps the selection and the token", () => {
    const href = addressOf("http://127.0.0.1/?token=abc", "A B");
    expect(href).toBe("http://127.0.0.1/?token=abc#unit=A+B");
    expect(selectionIn(href)).toBe("A B");
    expect(selectionIn(addressOf(href, null))).toBeNull();
  });
});
