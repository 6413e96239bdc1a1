/** From one side of a border to the other, as country codes with their names in the tooltip. */

import { countryName } from "../core/words.ts";
import { Arrow } from "./Icons.tsx";

export function Sides({ from, to }: { from: string | null; to: string | null }) {
  if (from === null && to === null) return null;
  return (
    <span class="sides">
      <abbr title={from ? countryName(from) : undefined}>{from ?? "?"}</abbr>
      <Arrow />
      <span class="unseen">to</span>
      <abbr title={to ? countryName(to) : undefined}>{to ?? "?"}</abbr>
    </span>
  );
}
