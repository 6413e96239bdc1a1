/**
 * The marks of units, places and borders, drawn on a canvas at twice their size. Shape says what colour says:
 * a calm unit is a disc, one over its limit a diamond, a critical one a diamond with an exclamation mark; what
 * is silent or unsure is hollow.
 */

import type { Tone } from "../core/judgement.ts";
import type { Palette } from "./palette.ts";

export const PIXEL_RATIO = 2;
const TONES: readonly Tone[] = ["calm", "over", "critical", "silent"];

export interface MarkImage {
  readonly name: string;
  readonly image: ImageData;
}

type Draw = (ctx: CanvasRenderingContext2D, middle: number) => void;

export function drawMarks(palette: Palette): MarkImage[] {
  const units = TONES.flatMap(tone => [
    mark(`unit:${tone}:solid`, 26, unit(tone, palette[tone], palette.halo, false)),
    mark(`unit:${tone}:hollow`, 26, unit(tone, palette[tone], palette.halo, true)),
    mark(`heading:${tone}`, 40, heading(palette[tone], palette.halo)),
    mark(`border:${tone}`, 20, border(tone === "calm" ? palette.ink : palette[tone], palette.halo, tone !== "calm")),
  ]);
  const places = [
    mark("place:border", 16, square(palette.ink, palette.halo)),
    mark("place:gauge", 16, bars(palette.ink, palette.halo)),
    mark("place:terminal", 16, disc(4.2, palette.halo, palette.ink)),
    mark("place:station", 16, disc(2.4, palette.rail, palette.halo)),
  ];
  return [...units, ...places];
}

function mark(name: string, size: number, draw: Draw): MarkImage {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size * PIXEL_RATIO;
  const ctx = canvas.getContext("2d");
  if (!ctx) throw new Error("This browser draws no canvas, so the map has no marks");
  ctx.scale(PIXEL_RATIO, PIXEL_RATIO);
  draw(ctx, size / 2);
  return { name, image: ctx.getImageData(0, 0, canvas.width, canvas.height) };
}

function unit(tone: Tone, colour: string, halo: string, hollow: boolean): Draw {
  return (ctx, m) => {
    ctx.beginPath();
    if (tone === "over" || tone === "critical") diamond(ctx, m, tone === "critical" ? 10.5 : 9);
    else ctx.arc(m, m, 6.8, 0, 2 * Math.PI);
    ctx.lineJoin = "round";
    outline(ctx, halo, 4.5);
    ctx.fillStyle = hollow ? halo : colour;
    ctx.fill();
    if (hollow) ctx.setLineDash([3.2, 2.2]);
    outline(ctx, colour, hollow ? 2.2 : 1);
    ctx.setLineDash([]);
    if (tone === "critical") exclamation(ctx, m, hollow ? colour : halo);
  };
}

function heading(colour: string, halo: string): Draw {
  return (ctx, m) => {
    ctx.beginPath();
    ctx.moveTo(m, m - 18.5);
    ctx.lineTo(m + 7, m - 7);
    ctx.lineTo(m - 7, m - 7);
    ctx.closePath();
    ctx.lineJoin = "round";
    outline(ctx, halo, 4);
    ctx.fillStyle = colour;
    ctx.fill();
  };
}

function border(colour: string, halo: string, filled: boolean): Draw {
  return (ctx, m) => {
    ctx.beginPath();
    diamond(ctx, m, 6);
    ctx.lineJoin = "round";
    outline(ctx, halo, 4);
    ctx.fillStyle = filled ? colour : halo;
    ctx.fill();
    outline(ctx, colour, 1.8);
  };
}

function square(colour: string, halo: string): Draw {
  return (ctx, m) => {
    ctx.beginPath();
    ctx.rect(m - 3.4, m - 3.4, 6.8, 6.8);
    outline(ctx, halo, 3.4);
    ctx.fillStyle = halo;
    ctx.fill();
    outline(ctx, colour, 1.8);
  };
}

/** Two rails of different width: a gauge break. */
function bars(colour: string, halo: string): Draw {
  return (ctx, m) => {
    ctx.lineCap = "round";
    for (const [ink, width] of [[halo, 5.5] as const, [colour, 2.4] as const]) {
      ctx.beginPath();
      ctx.moveTo(m - 3, m - 4);
      ctx.lineTo(m - 3, m + 4);
      ctx.moveTo(m + 3, m - 4);
      ctx.lineTo(m + 3, m + 4);
      outline(ctx, ink, width);
    }
  };
}

function disc(radius: number, fill: string, stroke: string): Draw {
  return (ctx, m) => {
    ctx.beginPath();
    ctx.arc(m, m, radius, 0, 2 * Math.PI);
    ctx.fillStyle = fill;
    ctx.fill();
    outline(ctx, stroke, 1.6);
  };
}

function diamond(ctx: CanvasRenderingContext2D, m: number, reach: number): void {
  ctx.moveTo(m, m - reach);
  ctx.lineTo(m + reach, m);
  ctx.lineTo(m, m + reach);
  ctx.lineTo(m - reach, m);
  ctx.closePath();
}

function exclamation(ctx: CanvasRenderingContext2D, m: number, colour: string): void {
  ctx.lineCap = "round";
  ctx.beginPath();
  ctx.moveTo(m, m - 4);
  ctx.lineTo(m, m + 0.8);
  ctx.moveTo(m, m + 4);
  ctx.lineTo(m, m + 4.05);
  outline(ctx, colour, 2.2);
}

function outline(ctx: CanvasRenderingContext2D, colour: string, width: number): void {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke();
}
