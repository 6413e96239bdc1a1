/** The map's colours, read from the page's style sheet so that light and dark are defined in one place. */

const NAMES = [
  "sea",
  "land",
  "wash",
  "coast",
  "frontier",
  "rail",
  "rail-case",
  "zone",
  "ink",
  "ink-soft",
  "ink-faint",
  "halo",
  "accent",
  "calm",
  "over",
  "critical",
  "silent",
] as const;

export type Palette = Readonly<Record<(typeof NAMES)[number], string>>;

/** Each name is the custom property `--map-NAME` of the document's root. */
export function readPalette(): Palette {
  const computed = getComputedStyle(document.documentElement);
  const entries = NAMES.map(name => [name, computed.getPropertyValue(`--map-${name}`).trim()] as const);
  return Object.fromEntries(entries) as Palette;
}
