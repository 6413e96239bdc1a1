/**
 * The edge to the HTTP API: addresses, the token, and errors in words. It returns rows as the server sends
 * them; what they mean is the core's.
 */

import type { CorridorFile } from "../core/corridor.ts";
import type { Told, Trackers } from "../core/model.ts";
import type {
  Board,
  BorderStatistics,
  ClockRow,
  CustodyRow,
  ReadingRow,
  TrackPoint,
  UnitDetail,
  UnitRow,
} from "../core/rows.ts";
import {
  type ConfigurationRow,
  type DeviceDetail,
  type DeviceRow,
  INCIDENTS,
  LASTING,
  type NoticeRow,
  type TellingRow,
} from "../core/watchRows.ts";

/** Points enough for any line on a screen. */
const TRACK_POINTS = 3000;
const READINGS = 1500;
const NOTICES = 50;
const INCIDENT_NOTICES = 100;
const NOTICES_OF_A_UNIT = 6;

/** A key with several values is sent several times. */
type Query = Readonly<Record<string, string | readonly string[]>>;

export class ApiError extends Error {
  readonly status: number;

  constructor(path: string, status: number, detail: string) {
    super(`The server answered ${status} to ${path}: ${detail}`);
    this.status = status;
  }
}

export class Api {
  readonly #base: URL;
  readonly #token: string | null;

  /** `page`: the page's own address; a `?token=` in it is sent with everything. */
  constructor(page: URL) {
    this.#base = new URL("api/", new URL(".", page));
    this.#token = page.searchParams.get("token");
  }

  clock(): Promise<ClockRow> {
    return this.#get<ClockRow>("clock");
  }

  units(): Promise<readonly UnitRow[]> {
    return this.#list<"units", UnitRow>("units");
  }

  board(): Promise<Board> {
    return this.#get<Board>("board");
  }

  async corridorNames(): Promise<readonly string[]> {
    const corridors = await this.#list<"corridors", { name: string }>("corridors");
    return corridors.map(corridor => corridor.name);
  }

  corridor(name: string): Promise<CorridorFile> {
    return this.#get<CorridorFile>(`corridors/${encodeURIComponent(name)}`);
  }

  unit(unit: string): Promise<UnitDetail> {
    return this.#get<UnitDetail>(`units/${encodeURIComponent(unit)}`);
  }

  async track(unit: string): Promise<readonly TrackPoint[]> {
    const path = `units/${encodeURIComponent(unit)}/track`;
    return (await this.#get<{ points: readonly TrackPoint[] }>(path, { max_points: String(TRACK_POINTS) })).points;
  }

  async temperatures(unit: string): Promise<readonly ReadingRow[]> {
    const path = `units/${encodeURIComponent(unit)}/readings`;
    const query = { channel: "temp_c", max_points: String(READINGS) };
    return (await this.#get<{ readings: readonly ReadingRow[] }>(path, query)).readings;
  }

  custody(unit: string): Promise<readonly CustodyRow[]> {
    return this.#list<"custody", CustodyRow>("custody", `units/${encodeURIComponent(unit)}/custody`);
  }

  async statistics(): Promise<readonly BorderStatistics[]> {
    return (await this.#get<{ borders: readonly BorderStatistics[] }>("statistics")).borders;
  }

  async trackers(): Promise<Trackers> {
    const [rows, settings] = await Promise.all([
      this.#list<"devices", DeviceRow>("devices"),
      this.#list<"configurations", ConfigurationRow>("configurations"),
    ]);
    return { rows, settings };
  }

  tracker(device: string): Promise<DeviceDetail> {
    return this.#get<DeviceDetail>(`devices/${encodeURIComponent(device)}`);
  }

  /** The latest alarms and the webhook's state; "nothing" from a server that tells nobody anything. */
  async told(): Promise<Told | "nothing"> {
    try {
      // Shocks are many: asked for together they would leave no room for what lasts.
      const [lasting, incidents, telling] = await Promise.all([
        this.#notices(LASTING, NOTICES),
        this.#notices(INCIDENTS, INCIDENT_NOTICES),
        this.#get<TellingRow>("webhook"),
      ]);
      return { notices: [...lasting, ...incidents], telling };
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return "nothing";
      throw error;
    }
  }

  /** What was told of the unit's dwells and silences; its custody has the incidents. */
  async toldOf(unit: string): Promise<readonly NoticeRow[]> {
    try {
      return await this.#notices(LASTING, NOTICES_OF_A_UNIT, unit);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return [];
      throw error;
    }
  }

  /** The address of a file of a unit, for a link: it carries the token, for a link sends no header. */
  exportUrl(table: string, format: string, unit: string): string {
    const token: Record<string, string> = this.#token === null ? {} : { token: this.#token };
    return this.#url(`exports/${table}`, { unit, format, ...token }).href;
  }

  async #notices(kinds: readonly string[], limit: number, unit?: string): Promise<readonly NoticeRow[]> {
    const query = { kind: kinds, limit: String(limit), ...(unit === undefined ? {} : { unit }) };
    return (await this.#get<{ notices: readonly NoticeRow[] }>("notices", query)).notices;
  }

  /** An EventSource sends no headers, so the token rides in the address here. */
  liveUrl(): string {
    return this.#url("live", this.#token === null ? {} : { token: this.#token }).href;
  }

  #url(path: string, query: Query): URL {
    const url = new URL(path, this.#base);
    for (const [key, values] of Object.entries(query))
      for (const value of typeof values === "string" ? [values] : values) url.searchParams.append(key, value);
    return url;
  }

  /** All pages of a list, which answers under its own name. */
  async #list<K extends string, T>(name: K, path: string = name): Promise<readonly T[]> {
    const rows: T[] = [];
    let cursor: string | null = null;
    do {
      const query: Record<string, string> = cursor === null ? {} : { cursor };
      const page: Record<K, readonly T[]> & { next?: string | null } = await this.#get(path, query);
      rows.push(...page[name]);
      cursor = page.next ?? null;
    } while (cursor !== null);
    return rows;
  }

  async #get<T>(path: string, query: Query = {}): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (this.#token !== null) headers.Authorization = `Bearer ${this.#token}`;
    const response = await fetch(this.#url(path, query), { headers, cache: "no-cache" });
    if (!response.ok) throw new ApiError(path, response.status, await problemText(response));
    return (await response.json()) as T;
  }
}

/** The `detail` or `title` of RFC 9457 problem JSON, else the status text. */
async function problemText(response: Response): Promise<string> {
  const body: unknown = await response.json().catch(() => null);
  if (typeof body === "object" && body !== null) {
    const { detail, title } = body as { detail?: unknown; title?: unknown };
    if (typeof detail === "string") return detail;
    if (typeof title === "string") return title;
  }
  return response.statusText;
}
