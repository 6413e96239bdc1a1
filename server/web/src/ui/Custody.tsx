/** What happened to the unit, visit by visit and leg by leg: its condition, shocks and doors. */

import {
  beyondTexts,
  channelOf,
  conditionText,
  type Extent,
  extentOf,
  incidentText,
  isNotable,
  newestFirst,
  rangeShares,
  spanName,
  tallyTexts,
} from "../core/custody.ts";
import type { ConditionRow, CustodyRow, Incident } from "../core/rows.ts";
import { positionText } from "../core/words.ts";
import { useScene } from "./scene.ts";
import { Moment } from "./Times.tsx";
import { Chip } from "./Verdicts.tsx";

/** More than this is asked for. */
const MOST_INCIDENTS = 4;
/** What stands open at once; the rest is one click away. */
const MOST_NOTABLE = 6;

export function Custody({ rows }: { rows: readonly CustodyRow[] }) {
  const known = newestFirst(rows.filter(row => Object.keys(row.conditions).length > 0 || isNotable(row)));
  if (known.length === 0) return null;
  const notable = known.filter(isNotable).slice(0, MOST_NOTABLE);
  const rest = known.filter(row => !notable.includes(row));
  const extents = new Map(known.flatMap(row => Object.keys(row.conditions)).map(name => [name, extentOf(known, name)]));
  return (
    <section class="panel-part custody" aria-label="Custody">
      <h3 class="group-title">Custody</h3>
      {notable.length === 0 && <p class="empty small">No shock, no open door, nothing beyond a limit.</p>}
      <ul>
        {notable.map(row => (
          <Span key={keyOf(row)} row={row} extents={extents} />
        ))}
      </ul>
      {rest.length > 0 && (
        <details class="visits">
          <summary class="group-title">
            {notable.length === 0 ? "Condition by visit and leg" : "Other visits and legs"} ({rest.length})
          </summary>
          <ul>
            {rest.map(row => (
              <Span key={keyOf(row)} row={row} extents={extents} />
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function keyOf(row: CustodyRow): string {
  return [row.kind, row.place, row.from_place, row.to_place, row.start?.est ?? row.start?.latest].join(" ");
}

interface SpanProps {
  readonly row: CustodyRow;
  readonly extents: ReadonlyMap<string, Extent | null>;
}

function Span({ row, extents }: SpanProps) {
  const { placeName } = useScene();
  const tallies = tallyTexts(row);
  return (
    <li class="span">
      <div class="row-head">
        <span class="visit-place">{spanName(row, placeName)}</span>
        <span class="chips">
          {beyondTexts(row).map(words => (
            <Chip key={words} verdict={{ tone: "over", unsure: false, words, rank: 3 }} />
          ))}
        </span>
      </div>
      <SpanTimes row={row} />
      {Object.entries(row.conditions).map(([name, condition]) => (
        <Condition key={name} name={name} row={condition} extent={extents.get(name) ?? null} />
      ))}
      {tallies.length > 0 && <p class="span-tally">{tallies.join(" · ")}</p>}
      <Incidents incidents={row.incidents} />
    </li>
  );
}

function Incidents({ incidents }: { incidents: readonly Incident[] }) {
  const rest = incidents.slice(MOST_INCIDENTS);
  return (
    <>
      <IncidentLines incidents={incidents.slice(0, MOST_INCIDENTS)} />
      {rest.length > 0 && (
        <details class="more">
          <summary>{rest.length} more</summary>
          <IncidentLines incidents={rest} />
        </details>
      )}
    </>
  );
}

function IncidentLines({ incidents }: { incidents: readonly Incident[] }) {
  if (incidents.length === 0) return null;
  return (
    <ol class="incidents">
      {incidents.map(incident => (
        <IncidentLine key={`${incident.event} ${incident.time} ${incident.device}`} incident={incident} />
      ))}
    </ol>
  );
}

function SpanTimes({ row }: { row: CustodyRow }) {
  const { zones } = useScene();
  const zone = row.place === null ? null : zones.place(row.place);
  return (
    <p class="row-since">
      {row.start ? <Moment iso={row.start.est ?? row.start.latest} zone={zone} /> : "from the beginning"}
      {" to "}
      {row.end ? <Moment iso={row.end.est ?? row.end.latest} zone={zone} /> : "now"}
    </p>
  );
}

interface ConditionProps {
  readonly name: string;
  readonly row: ConditionRow;
  readonly extent: Extent | null;
}

function Condition({ name, row, extent }: ConditionProps) {
  const { range, mean, known } = conditionText(name, row);
  const shares = extent && rangeShares(row, extent);
  const { label } = channelOf(name);
  return (
    <div class="channel">
      <span class="channel-label">{label}</span>
      {shares && (
        <span class="range" aria-hidden="true" title="Within the range of the whole journey">
          <span class="range-span" style={{ left: percent(shares.from), right: percent(1 - shares.to) }} />
          <span class="range-mean" style={{ left: percent(shares.mean) }} />
        </span>
      )}
      <span class="channel-text">
        <b>{range}</b> <span class="channel-mean">{mean}</span>
      </span>
      {known && <span class="channel-known">{known}</span>}
    </div>
  );
}

function IncidentLine({ incident }: { incident: Incident }) {
  const { showAt } = useScene();
  const { lat, lon, doubt } = incident;
  return (
    <li data-event={incident.event}>
      <span class="incident-what">{incidentText(incident)}</span>
      <span class="incident-when">
        <Moment iso={incident.time} />
        {doubt && <span class="incident-doubt"> perhaps {doubt} this</span>}
      </span>
      {lat !== null && lon !== null && (
        <button type="button" class="plain incident-where" title="Show on the map" onClick={() => showAt(lon, lat)}>
          {positionText(lat, lon)}
        </button>
      )}
    </li>
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
