import { describe, expect, it } from "vitest";
import {
  compass,
  conditionItems,
  countryName,
  motionText,
  positionText,
  unitName,
  whereText,
} from "../src/core/words.ts";

describe("names of units", () => {
  it("are grouped as they are painted on the unit", () => {
    expect(unitName("MSCU1234566")).toBe("MSCU 123456 6");
    expect(unitName("215112345673")).toBe("21 51 1234 567 3");
  });
  it("that are neither container nor wagon stay as they are", () => {
    expect(unitName("<b>TRK</b>")).toBe("<b>TRK</b>");
  });
});

describe("words", () => {
  it("name countries, and leave unknown codes alone", () => {
    expect(countryName("PK")).toBe("Pakistan");
    expect(countryName("?!")).toBe("?!");
  });
  it("tell motion from standing", () => {
    expect(motionText(14.2, 310)).toBe("51 km/h NW");
    expect(motionText(0.2, 310)).toBe("standing");
    expect(motionText(null, null)).toBe("speed not known");
  });
  it("turn the whole compass", () => {
    expect([0, 45, 359, -90, 720].map(compass)).toEqual(["N", "NE", "N", "W", "N"]);
  });
  it("place a unit on both hemispheres", () => {
    expect(positionText(28.9726, 61.5569)).toBe("28.9726° N 61.5569° E");
    expect(positionText(-1, -2)).toBe("1.0000° S 2.0000° W");
  });
  it("say where a unit is that is nowhere in particular", () => expect(whereText(null)).toBe("On the line"));
});

describe("condition", () => {
  it("shows what is known, in a fixed order, and nothing else", () => {
    const items = conditionItems({ door_open: 1, temp_c: -4.25, battery_v: null, unheard_of: 7 });
    expect(items.map(item => item.text)).toEqual(["-4.3 °C", "open"]);
  });
  it("takes a door as a number or as a truth", () => {
    expect(conditionItems({ door_open: false })[0]?.text).toBe("closed");
  });
});
