/**
 * The edge to server-sent events: one stream that is kept alive. It comes back by itself after a lost
 * connection, a refusal, or a silence (the server says the time every 2 s, so silence means the line is dead).
 */

import type { Link } from "../core/model.ts";
import type { ClockRow, UnitRow } from "../core/rows.ts";

export interface LiveEvents {
  onUnit(row: UnitRow): void;
  onBoard(): void;
  onClock(row: ClockRow): void;
  /** Called on every change; on "live" all that was missed meanwhile has to be read again. */
  onLink(link: Link): void;
}

const SILENCE_MS = 10_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;

export class Live {
  readonly #url: string;
  readonly #events: LiveEvents;
  #source: EventSource | null = null;
  #silence: number | undefined;
  #retryMs = FIRST_RETRY_MS;

  constructor(url: string, events: LiveEvents) {
    this.#url = url;
    this.#events = events;
  }

  open(): void {
    const source = new EventSource(this.#url);
    this.#source = source;
    source.onopen = () => {
      this.#retryMs = FIRST_RETRY_MS;
      this.#hear();
      this.#events.onLink("live");
    };
    source.onerror = () => this.#again();
    this.#on(source, "unit", data => this.#events.onUnit(data as UnitRow));
    this.#on(source, "board", () => this.#events.onBoard());
    this.#on(source, "clock", data => this.#events.onClock(data as ClockRow));
    this.#hear();
  }

  #on(source: EventSource, name: string, handle: (data: unknown) => void): void {
    source.addEventListener(name, event => {
      this.#hear();
      handle(JSON.parse((event as MessageEvent<string>).data));
    });
  }

  #hear(): void {
    clearTimeout(this.#silence);
    this.#silence = window.setTimeout(() => this.#again(), SILENCE_MS);
  }

  #again(): void {
    clearTimeout(this.#silence);
    this.#source?.close();
    this.#events.onLink("lost");
    window.setTimeout(() => this.open(), this.#retryMs);
    this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2);
  }
}
