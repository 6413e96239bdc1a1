/** Everything about one unit: where, since when, how it is, which borders it crossed. */

import { useEffect, useRef } from "preact/hooks";
import { scaleS } from "../core/interval.ts";
import { ageS, astray, contact } from "../core/judgement.ts";
import type { Selected } from "../core/model.ts";
import type { UnitRow, VisitRow } from "../core/rows.ts";
import { ago, parseMs } from "../core/time.ts";
import { conditionItems, motionText, positionText, unitName, whereText } from "../core/words.ts";
import { Chart } from "./Chart.tsx";
import { Crossings } from "./Crossings.tsx";
import { Custody } from "./Custody.tsx";
import { Fact } from "./Fact.tsx";
import { Files } from "./Files.tsx";
import { Cross, Fit } from "./Icons.tsx";
import { NoticesOfUnit } from "./Notices.tsx";
import { Progress } from "./Progress.tsx";
import { useScene } from "./scene.ts";
import { Between, Moment } from "./Times.tsx";
import { Chips, DwellBar } from "./Verdicts.tsx";

const KINDS: Record<UnitRow["kind"], string> = { container: "Container", wagon: "Wagon", device: "Tracker" };

interface Props {
  readonly selected: Selected;
  readonly row: UnitRow | null;
  readonly corridorTitle: string | null;
  fitTrack(): void;
}

export function UnitPanel({ selected, row, corridorTitle, fitTrack }: Props) {
  const { select } = useScene();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), [selected.unit]);
  return (
    <aside class="panel" aria-label={`Unit ${selected.unit}`} data-unit={selected.unit}>
      <header class="panel-head">
        <div>
          <h2 ref={heading} tabIndex={-1}>
            {unitName(selected.unit)}
          </h2>
          {row && <p class="panel-kind">{kindText(row, corridorTitle)}</p>}
        </div>
        <button
          type="button"
          class="icon-button"
          title="Show the whole journey"
          aria-label="Show the whole journey"
          onClick={fitTrack}
        >
          <Fit />
        </button>
        <button type="button" class="icon-button" title="Close (Esc)" aria-label="Close" onClick={() => select(null)}>
          <Cross />
        </button>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section key={selected.unit} class="panel-body" tabIndex={0} aria-label="Details">
        {row ? <Known selected={selected} row={row} /> : <Unknown selected={selected} />}
      </section>
    </aside>
  );
}

function kindText(row: UnitRow, corridorTitle: string | null): string {
  const devices = row.devices.length === 0 ? null : `tracker ${row.devices.join(", ")}`;
  return [KINDS[row.kind], corridorTitle, devices].filter(part => part !== null).join(" · ");
}

function Unknown({ selected }: { selected: Selected }) {
  return <p class="empty">{selected.unknown ? "The server knows no such unit." : "Reading…"}</p>;
}

function Known({ selected, row }: { selected: Selected; row: UnitRow }) {
  const visits = selected.detail?.visits ?? [];
  const here = visits.filter(visit => visit.exited === null);
  const past = visits.filter(visit => visit.exited !== null);
  const crossings = selected.detail?.crossings ?? [];
  return (
    <>
      <Where row={row} here={here[0] ?? null} />
      {here.map(visit => (
        <Here key={visit.id} visit={visit} />
      ))}
      {row.progress && <Progress progress={row.progress} />}
      <Condition row={row} selected={selected} />
      <section class="panel-part" aria-label="Border crossings">
        <h3 class="group-title">Border crossings</h3>
        <Crossings crossings={crossings} />
      </section>
      {past.length > 0 && <Visits visits={past} />}
      {selected.custody && <Custody rows={selected.custody} />}
      {selected.notices.length > 0 && <NoticesOfUnit notices={selected.notices} />}
      {selected.detail && row.latest && <Files unit={row.unit} />}
    </>
  );
}

function Where({ row, here }: { row: UnitRow; here: VisitRow | null }) {
  const { nowMs, zones } = useScene();
  const heard = contact(row, nowMs);
  const zone = row.place ? zones.place(row.place.id) : null;
  return (
    <section class="panel-part where" data-contact={heard} aria-label="Position">
      <Chips row={row} calm={row.place !== null} way={astray(row)} />
      <p class="where-place">{row.latest || row.place ? whereText(row.place) : "No position yet"}</p>
      {here ? (
        <p class="where-since">
          {here.already_inside ? "already there at first sight" : "since"} <Between bounds={here.entered} zone={zone} />
        </p>
      ) : (
        row.since && (
          <p class="where-since">
            since <Moment iso={row.since} zone={zone} />
          </p>
        )
      )}
      {row.latest && (
        <dl class="facts">
          <Fact label="Last seen" value={ago(ageS(row, nowMs))}>
            <Moment iso={row.latest.time} zone={zone} />
          </Fact>
          <Fact
            label={heard === "silent" ? "Motion then" : "Motion"}
            value={motionText(row.latest.speed_mps, row.latest.course_deg)}
          />
          <Fact label="Position" value={positionText(row.latest.lat, row.latest.lon)}>
            {row.latest.accuracy_m !== null && `within ${Math.round(row.latest.accuracy_m)} m`}
          </Fact>
        </dl>
      )}
    </section>
  );
}

function Here({ visit }: { visit: VisitRow }) {
  return (
    <section class="panel-part" aria-label={`Standing at ${visit.place_name}`}>
      <h3 class="group-title">Standing at {visit.place_name}</h3>
      <DwellBar dwell={visit} limitS={visit.limit_s} scale={scaleS([visit], visit.limit_s)} />
    </section>
  );
}

function Condition({ row, selected }: { row: UnitRow; selected: Selected }) {
  const items = conditionItems(row.condition);
  if (items.length === 0 && selected.temperatures.length === 0) return null;
  return (
    <section class="panel-part" aria-label="Condition">
      <h3 class="group-title">Condition</h3>
      <dl class="condition">
        {items.map(item => (
          <div key={item.key} class="condition-item" data-key={item.key} data-value={item.text}>
            <dt>{item.label}</dt>
            <dd>{item.text}</dd>
          </div>
        ))}
      </dl>
      <Chart title="Temperature" unit="°C" readings={selected.temperatures} />
    </section>
  );
}

function Visits({ visits }: { visits: readonly VisitRow[] }) {
  const newestFirst = [...visits].sort((a, b) => entryMs(b) - entryMs(a));
  return (
    <section class="panel-part" aria-label="Places visited">
      <details class="visits">
        <summary class="group-title">Places visited ({visits.length})</summary>
        <ul>
          {newestFirst.map(visit => (
            <Visit key={visit.id} visit={visit} />
          ))}
        </ul>
      </details>
    </section>
  );
}

function entryMs(visit: VisitRow): number {
  return parseMs(visit.entered.est ?? visit.entered.latest ?? visit.entered.earliest) ?? 0;
}

function Visit({ visit }: { visit: VisitRow }) {
  const { zones } = useScene();
  return (
    <li class="visit">
      <div class="row-head">
        <span class="visit-place">{visit.place_name}</span>
        <Chips row={visit} />
      </div>
      <p class="row-where">
        <Between bounds={visit.entered} zone={zones.place(visit.place)} />
      </p>
      <DwellBar dwell={visit} limitS={visit.limit_s} scale={scaleS([visit], visit.limit_s)} />
    </li>
  );
}
