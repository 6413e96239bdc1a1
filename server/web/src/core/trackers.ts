/**
 * What is wrong with a tracker, worst first, and what to do about it. Pure: "now" is an argument. What a tracker says
 * of itself may be anything: what is no number counts as not said.
 */

import type { Tone } from "./judgement.ts";
import { ago, duration, parseMs, shortDuration } from "./time.ts";
import type { ConfigurationRow, DeviceRow } from "./watchRows.ts";
import { plural } from "./words.ts";

export interface Trouble {
  readonly tone: Tone;
  /** A few words, for a chip. */
  readonly words: string;
  /** What to do about it; empty where nothing can be done from here. */
  readonly todo: string;
}

/** The figures of `railbox doctor` (agent/railbox_agent/doctor/judge.py), which sees the same from nearby. */
const DISK_FAIL_MB = 20;
const HOT_C = 80;
const TOO_HOT_C = 85;
const NO_FIX_S = 600;
const CLOCK_OLD_S = 86_400;
const WAITING_LONG_S = 6 * 3600;
/** One and a half heartbeats of a standing unit. */
const SILENT_S = 5400;

const RANKS: Readonly<Record<Tone, number>> = { critical: 3, over: 2, silent: 1, calm: 0 };
const SUPPLY = "Give it a stronger supply, or a shorter and thicker cable to it.";
const SKY = "Give the antenna a free view of the sky, and check its plug.";

export interface Health {
  readonly waiting: number | null;
  readonly oldestS: number | null;
  readonly upS: number | null;
  readonly fixS: number | null;
  readonly clockS: number | null;
  readonly diskMb: number | null;
  readonly tempC: number | null;
  readonly lowSpells: number | null;
  /** Ports that are not open, with their state. */
  readonly ports: readonly (readonly [name: string, state: string])[];
}

export function healthOf(row: DeviceRow): Health {
  const said = record(row.health);
  return {
    waiting: number(row.outbox_batches),
    oldestS: number(row.outbox_oldest_s),
    upS: number(said.up_s),
    fixS: number(said.fix_s),
    clockS: number(said.clock_s),
    diskMb: number(said.disk_mb),
    tempC: number(said.temp_c),
    lowSpells: number(said.volts_low),
    ports: Object.entries(record(said.ports)).map(([name, state]) => [name, String(state)] as const),
  };
}

/** What the tracker counted and nobody has to do anything about, by name. */
export function otherCounters(row: DeviceRow): (readonly [name: string, count: number])[] {
  const worries = new Set(row.worries.map(worry => worry.counter));
  return Object.entries(record(row.counters)).flatMap(([name, count]) =>
    typeof count === "number" && count > 0 && !worries.has(name) ? [[name, count] as const] : [],
  );
}

/** Somebody has to do something; being away for a while is nothing that anybody can do about. */
export function isUrgent(found: readonly Trouble[]): boolean {
  return found.some(({ tone }) => tone === "critical" || tone === "over");
}

/** Worst first. `setting`: null where it was never set from afar. */
export function troubles(row: DeviceRow, setting: ConfigurationRow | null, nowMs: number): Trouble[] {
  const found = [...machine(healthOf(row)), ...counted(row), ...remote(setting), ...contact(row, nowMs)];
  return found.sort((a, b) => RANKS[b.tone] - RANKS[a.tone]);
}

function* machine(health: Health): Generator<Trouble> {
  const { diskMb, tempC, lowSpells, upS, clockS, fixS, oldestS, waiting, ports } = health;
  for (const [name, state] of ports)
    yield { tone: "critical", words: `Port ${name} ${state}`, todo: `Check the plug and cable of port ${name}.` };
  if (diskMb !== null && diskMb < DISK_FAIL_MB)
    yield { tone: "critical", words: `Disk full: ${diskMb} MB`, todo: "Free space where its outbox is." };
  if (tempC !== null && tempC >= TOO_HOT_C)
    yield { tone: "critical", words: `Too hot: ${tempC} °C`, todo: "Give it air or shade: it will wear out." };
  else if (tempC !== null && tempC >= HOT_C)
    yield { tone: "over", words: `Hot: ${tempC} °C`, todo: "Give it air or shade: it slows itself down." };
  if (lowSpells) yield { tone: "over", words: `Under-voltage ${lowSpells}×`, todo: SUPPLY };
  if (clockS === null && upS !== null)
    yield { tone: "over", words: "No clock", todo: `What happens is dated once a receiver tells the time. ${SKY}` };
  else if (clockS !== null && clockS > CLOCK_OLD_S)
    yield { tone: "over", words: `Clock ${shortDuration(clockS)} old`, todo: SKY };
  if (fixS === null && upS !== null) yield { tone: "over", words: "No fix yet", todo: SKY };
  else if (fixS !== null && fixS > NO_FIX_S)
    yield { tone: "over", words: `No fix for ${shortDuration(fixS)}`, todo: SKY };
  if (oldestS !== null && oldestS > WAITING_LONG_S && waiting)
    yield {
      tone: "over",
      words: `${plural(waiting, "batch", "batches")} wait ${shortDuration(oldestS)}`,
      todo: "See its signal, and whether the server is ready (/readyz).",
    };
}

function* counted(row: DeviceRow): Generator<Trouble> {
  for (const { counter, count, meaning, todo } of row.worries)
    yield { tone: "over", words: `${title(counter)} ${count}×`, todo: sentence(`${meaning}: ${todo}`) };
  const late = row.missing - (healthOf(row).waiting ?? 0);
  if (late > 0)
    yield {
      tone: row.online === false ? "silent" : "over",
      words: `${plural(row.missing, "batch", "batches")} missing`,
      todo: row.online === false ? "They may still come." : "Its disk may have lost them.",
    };
}

function* remote(setting: ConfigurationRow | null): Generator<Trouble> {
  if (setting?.unreadable)
    yield {
      tone: "critical",
      words: "Settings unreadable",
      todo: sentence(`See who else writes to it: ${setting.unreadable}`),
    };
  const wanted = setting?.wanted;
  if (wanted?.state === "refused" || wanted?.state === "reverted")
    yield { tone: "over", words: `Settings ${wanted.state}`, todo: sentence(wanted.reason ?? "It did not say why") };
}

function* contact(row: DeviceRow, nowMs: number): Generator<Trouble> {
  const heardMs = parseMs(row.last_seen);
  const ageS = heardMs === null ? null : (nowMs - heardMs) / 1000;
  if (ageS === null) yield { tone: "silent", words: "Never heard", todo: "" };
  else if (row.online === false)
    yield { tone: "silent", words: ageS < 60 ? "Offline" : `Offline ${shortDuration(ageS)}`, todo: "" };
  else if (ageS > SILENT_S) yield { tone: "silent", words: `Silent ${shortDuration(ageS)}`, todo: "" };
}

export interface Tracker {
  readonly row: DeviceRow;
  readonly setting: ConfigurationRow | null;
  readonly troubles: readonly Trouble[];
}

/** What is wrong first: the worst trouble, then how many, then the name. `query` matches tracker and unit. */
export function orderedTrackers(
  rows: readonly DeviceRow[],
  settings: readonly ConfigurationRow[],
  query: string,
  nowMs: number,
): Tracker[] {
  const byDevice = new Map(settings.map(setting => [setting.device, setting]));
  const wanted = query.replaceAll(" ", "").toLowerCase();
  const worst = (tracker: Tracker) => RANKS[tracker.troubles[0]?.tone ?? "calm"];
  return rows
    .filter(row => `${row.device} ${row.unit ?? ""}`.toLowerCase().includes(wanted))
    .map(row => {
      const setting = byDevice.get(row.device) ?? null;
      return { row, setting, troubles: troubles(row, setting, nowMs) };
    })
    .sort(
      (a, b) =>
        worst(b) - worst(a) || b.troubles.length - a.troubles.length || a.row.device.localeCompare(b.row.device),
    );
}

/** "12 batches, the oldest 3 h old"; "nothing waits". */
export function outboxText({ waiting, oldestS }: Health): string | null {
  if (waiting === null) return null;
  if (waiting === 0) return "nothing waits";
  const oldest = oldestS === null ? "" : `, the oldest ${duration(oldestS)} old`;
  return `${plural(waiting, "batch waits", "batches wait")}${oldest}`;
}

export function clockText({ clockS, upS }: Health): string | null {
  if (clockS !== null) return `by the receiver ${ago(clockS)}`;
  return upS === null ? null : "none yet";
}

/** "applied", "pending: it has not answered yet"; which version holds when that is another one. */
export function settingText({ wanted, in_force }: ConfigurationRow): string {
  const holds = in_force === null ? "its own file holds" : `version ${in_force} holds`;
  if (!wanted) return in_force === null ? "its own file alone" : holds;
  switch (wanted.state) {
    case "applied":
      return `version ${wanted.version} holds`;
    case "pending":
      return `version ${wanted.version} waits to be taken; ${holds}`;
    default:
      return `version ${wanted.version} ${wanted.state}; ${holds}`;
  }
}

/** Settings in tables as lines: "thinning.deadline_s = 300". */
export function settingLines(settings: Readonly<Record<string, unknown>>, prefix = ""): string[] {
  return Object.entries(settings).flatMap(([key, value]) => {
    const inner = record(value);
    if (Object.keys(inner).length > 0) return settingLines(inner, `${prefix}${key}.`);
    return [`${prefix}${key} = ${JSON.stringify(value)}`];
  });
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  const isTable = typeof value === "object" && value !== null && !Array.isArray(value);
  return isTable ? (value as Record<string, unknown>) : {};
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** "Outbox write failed" for "outbox_write_failed". */
function title(counter: string): string {
  return capital(counter.replaceAll("_", " "));
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function sentence(text: string): string {
  return `${capital(text)}${/[.!?]$/.test(text) ? "" : "."}`;
}
