/**
 * Keeps the state true: reads it from the API, follows the live stream, re-reads what changed. It tells its one
 * listener that there is something new, at most once a frame's worth of time; it does not draw.
 */

import { readCorridor } from "../core/corridor.ts";
import {
  INITIAL,
  type Link,
  opening,
  type State,
  selecting,
  type Tab,
  withClock,
  withOpened,
  withSelected,
  withUnit,
  withUnits,
} from "../core/model.ts";
import { type Api, ApiError } from "./api.ts";
import { Live } from "./live.ts";
import { paced } from "./paced.ts";

const BOARD_EVERY_MS = 1_000;
const SELECTED_EVERY_MS = 3_000;
const STATISTICS_EVERY_MS = 60_000;
/** Trackers and notices are not told live: they are read again this often while somebody looks at them. */
const WATCH_EVERY_MS = 15_000;
const TELL_EVERY_MS = 80;

export class Session {
  readonly #api: Api;
  readonly #tell: () => void;
  readonly #readBoardSoon: () => void;
  readonly #readSelectedSoon: () => void;
  readonly #readStatisticsSoon: () => void;
  #state: State = INITIAL;

  constructor(api: Api, onChange: (state: State) => void) {
    this.#api = api;
    this.#tell = paced(TELL_EVERY_MS, () => onChange(this.#state));
    this.#readBoardSoon = paced(BOARD_EVERY_MS, () => this.#attempt(() => this.#readBoard()));
    this.#readSelectedSoon = paced(SELECTED_EVERY_MS, () => this.#attempt(() => this.#readSelected()));
    this.#readStatisticsSoon = paced(STATISTICS_EVERY_MS, () => this.#attempt(() => this.#readStatistics()));
  }

  get state(): State {
    return this.#state;
  }

  start(): void {
    this.#attempt(() => this.#readCorridors());
    new Live(this.#api.liveUrl(), {
      onUnit: row => {
        this.#set(withUnit(this.#state, row));
        if (row.unit === this.#state.selected?.unit) this.#readSelectedSoon();
      },
      onBoard: () => {
        this.#readBoardSoon();
        this.#readSelectedSoon();
        this.#readStatisticsSoon();
      },
      onClock: row => this.#set(withClock(this.#state, row, performance.now())),
      onLink: link => this.#onLink(link),
    }).open();
    setInterval(() => {
      if (document.visibilityState === "visible") this.#readShown();
    }, WATCH_EVERY_MS);
  }

  select(unit: string | null): void {
    this.#set(selecting(this.#state, unit));
    if (unit !== null) this.#attempt(() => this.#readSelected());
  }

  show(tab: Tab): void {
    this.#set({ ...this.#state, tab });
    this.#readShown();
  }

  /** Looks closely at a tracker; null: at none any more. */
  open(device: string | null): void {
    this.#set(opening(this.#state, device));
    this.#readShown();
  }

  search(query: string): void {
    this.#set({ ...this.#state, query });
  }

  /** Whatever happened before the stream opened is read now; without a stream the page still shows what there is. */
  #onLink(link: Link): void {
    this.#set({ ...this.#state, link });
    if (link === "live" || this.#state.board === null) this.#attempt(() => this.#readAll());
  }

  async #readAll(): Promise<void> {
    const [clock, units, board] = await Promise.all([this.#api.clock(), this.#api.units(), this.#api.board()]);
    this.#set({ ...withUnits(withClock(this.#state, clock, performance.now()), units), board, trouble: null });
    await this.#readSelected();
    if (this.#state.corridors.length === 0) await this.#readCorridors();
    this.#attempt(() => this.#readStatistics());
    this.#attempt(() => this.#readTrackers());
    this.#readShown();
  }

  /** What the open tab shows and no event tells of. */
  #readShown(): void {
    if (this.#state.tab === "trackers") this.#attempt(() => this.#readTrackers());
    if (this.#state.tab === "notices") this.#attempt(() => this.#readTold());
  }

  async #readTrackers(): Promise<void> {
    const device = this.#state.opened?.device;
    const [trackers, detail] = await Promise.all([
      this.#api.trackers(),
      device === undefined ? null : this.#api.tracker(device),
    ]);
    const state = { ...this.#state, trackers, trouble: null };
    this.#set(detail === null ? state : withOpened(state, detail));
  }

  async #readTold(): Promise<void> {
    const told = await this.#api.told();
    this.#set({ ...this.#state, told, trouble: null });
  }

  async #readStatistics(): Promise<void> {
    const statistics = await this.#api.statistics();
    this.#set({ ...this.#state, statistics });
  }

  async #readBoard(): Promise<void> {
    const board = await this.#api.board();
    this.#set({ ...this.#state, board, trouble: null });
  }

  async #readCorridors(): Promise<void> {
    const names = await this.#api.corridorNames();
    const corridors = await Promise.all(names.map(async name => readCorridor(await this.#api.corridor(name), name)));
    this.#set({ ...this.#state, corridors });
  }

  async #readSelected(): Promise<void> {
    const unit = this.#state.selected?.unit;
    if (unit === undefined) return;
    try {
      const [detail, track, temperatures] = await Promise.all([
        this.#api.unit(unit),
        this.#api.track(unit),
        this.#api.temperatures(unit),
      ]);
      this.#set(withSelected(this.#state, unit, { detail, track, temperatures, unknown: false }));
      this.#attempt(() => this.#readPast(unit));
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      this.#set(withSelected(this.#state, unit, { unknown: true }));
    }
  }

  /** What happened to the unit so far, and what was told of it. */
  async #readPast(unit: string): Promise<void> {
    const [custody, notices] = await Promise.all([this.#api.custody(unit), this.#api.toldOf(unit)]);
    this.#set(withSelected(this.#state, unit, { custody, notices }));
  }

  /** A failed read is said, and survived: the next event or reconnection reads again. */
  #attempt(read: () => Promise<void>): void {
    read().catch((error: unknown) => {
      const trouble = error instanceof ApiError ? error.message : "The server cannot be reached";
      this.#set({ ...this.#state, trouble });
    });
  }

  #set(state: State): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#tell();
  }
}
