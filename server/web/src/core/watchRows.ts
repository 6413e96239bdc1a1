/**
 * The rows of the HTTP API that operators watch: trackers, their settings from afar, and what was told. As rows.ts,
 * the contract with the server and nothing else. What a tracker says of itself may be anything, or left out.
 */

import type { Bounds, Certainty, Dwell, Flag } from "./rows.ts";

export interface DeviceRow {
  readonly device: string;
  readonly unit: string | null;
  readonly last_seen: string | null;
  readonly batches: number;
  readonly missing: number;
  /** Null: it never said. */
  readonly online: boolean | null;
  readonly outbox_batches: unknown;
  readonly outbox_oldest_s: unknown;
  readonly worries: readonly Worry[];
  readonly counters: unknown;
  readonly health: unknown;
}

/** A counter that somebody should do something about. */
export interface Worry {
  readonly counter: string;
  readonly count: number;
  readonly meaning: string;
  readonly todo: string;
}

/** First and last number of a run. */
export type Run = readonly [number, number];

export interface DeviceDetail extends DeviceRow {
  readonly outboxes: readonly {
    readonly epoch: number;
    readonly missing: readonly Run[];
    readonly quarantined: readonly Run[];
    readonly discarded: readonly Run[];
  }[];
  readonly status_at: string | null;
  readonly status: Readonly<Record<string, unknown>> | null;
}

export interface ConfigurationRow {
  readonly device: string;
  readonly wanted: {
    readonly version: number;
    readonly settings: Readonly<Record<string, unknown>>;
    readonly wanted_at: string;
    readonly state: "pending" | "applied" | "refused" | "reverted";
    readonly reason: string | null;
    readonly reported_at: string | null;
  } | null;
  /** Null: the tracker's own file alone. */
  readonly in_force: number | null;
  readonly heard_at: string | null;
  readonly unreadable: string | null;
}

/** What lasts, and needs somebody: a dwell that is too long, silence. */
export const LASTING = ["flag", "no_contact"] as const;
/** What happened at one moment. */
export const INCIDENTS = ["door", "shock", "light", "tilt"] as const;

/** A notice of one of these kinds: the fields besides the first eight are those of its kind. */
export interface NoticeRow {
  readonly notice: string;
  readonly revision: number;
  readonly kind: (typeof LASTING | typeof INCIDENTS)[number];
  readonly action: "told" | "revised" | "retracted" | "ended";
  readonly told_at: string;
  readonly unit: string;
  readonly delivery: {
    readonly state: "kept" | "waiting" | "delivered" | "refused" | "dropped";
    readonly attempts: number;
    readonly answer: string | null;
  };
  readonly of?: "visit" | "crossing";
  readonly flag?: Flag;
  readonly certainty?: Certainty;
  readonly dwell_min_s?: Dwell["dwell_min_s"];
  readonly dwell_est_s?: Dwell["dwell_est_s"];
  readonly dwell_max_s?: Dwell["dwell_max_s"];
  readonly entered?: Bounds | null;
  readonly place_name?: string | null;
  readonly border_name?: string | null;
  readonly candidates?: readonly string[];
  readonly since?: string;
  readonly place?: unknown;
  readonly event?: string;
  readonly time?: string;
  readonly value?: number | null;
  readonly ended?: string | null;
  readonly doubt?: "before" | "after" | null;
  readonly lat?: number | null;
  readonly lon?: number | null;
}

export interface TellingRow {
  /** Null: none is set. */
  readonly webhook: { readonly to: string; readonly stopped: boolean; readonly last_answer: string | null } | null;
  readonly waiting: number;
  readonly oldest_waiting: string | null;
  readonly refused: number;
  readonly dropped: number;
}
