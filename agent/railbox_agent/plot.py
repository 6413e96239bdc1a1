"""A judgement drawn as one HTML page: track, knots and error over time. It needs nothing else, not even a network.

Pure: values in, text out.
"""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from railbox_agent.judging import Judgement, Spread, spread
from railbox_agent.thinning.known import Miss
from railbox_agent.thinning.plane import Point, moved, offset_m
from railbox_telemetry import iso
from railbox_telemetry.values import Knot

Value = TypeVar("Value")

WIDTH: Final = 1_000
TRACK_HEIGHT: Final = 560
ERROR_HEIGHT: Final = 260
MARGIN: Final = 46
MAX_POINTS: Final = 20_000
"""More are not seen, and make the page slow; of a longer track every so many are drawn, of errors the worst."""

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#6b7480;--line:#d5dae0;--paper:#fff;--track:#8fa3b8;--step:#0b62c4;
--knot:#0b62c4;--dark:#c2410c;--raw:#b58900;--limit:#c2410c}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#98a2ae;--line:#39414b;--paper:#14181d;--track:#66788c;
--step:#6cb0ff;--knot:#6cb0ff;--dark:#fb923c;--raw:#e0b341;--limit:#fb923c}}
body{margin:2rem auto;max-width:64rem;padding:0 1rem;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui}
h1{font-size:1.3rem}h2{font-size:1rem;margin:1.6rem 0 .3rem}table{border-collapse:collapse}
td,th{padding:.15rem 1.2rem .15rem 0;text-align:right;font-variant-numeric:tabular-nums}th:first-child,td:first-child{
text-align:left}th{color:var(--soft);font-weight:500}svg{width:100%;height:auto;border:1px solid var(--line)}
svg text{fill:var(--soft);font-size:12px}.note{color:var(--soft)}polyline{fill:none;vector-effect:non-scaling-stroke}
.grid{stroke:var(--line);vector-effect:non-scaling-stroke}.track{stroke:var(--track);stroke-width:3;opacity:.7}
.step{stroke:var(--step);stroke-width:1.2}.dark{stroke:var(--dark);stroke-width:1.2;stroke-dasharray:4 4}
.knot{fill:var(--knot)}.raw{stroke:var(--raw);stroke-width:1}.error{stroke:var(--step);stroke-width:1.2}
.limit{stroke:var(--limit);stroke-dasharray:6 4;vector-effect:non-scaling-stroke}#track{cursor:grab}
"""
# The wheel zooms the track about the pointer, dragging moves it, a double click shows all again.
_SCRIPT: Final = """
const svg=document.getElementById('track'),home=svg.getAttribute('viewBox').split(' ').map(Number);
let box=[...home],held;
const show=()=>{svg.setAttribute('viewBox',box.join(' '));const size=3*box[2]/home[2];
for(const dot of svg.querySelectorAll('.knot'))dot.setAttribute('r',size)};
const at=e=>{const r=svg.getBoundingClientRect();return[(e.clientX-r.left)/r.width,(e.clientY-r.top)/r.height]};
svg.addEventListener('wheel',e=>{e.preventDefault();const[x,y]=at(e),f=Math.exp(e.deltaY*.0015);
box=[box[0]+x*box[2]*(1-f),box[1]+y*box[3]*(1-f),box[2]*f,box[3]*f];show()},{passive:false});
svg.addEventListener('pointerdown',e=>{held=at(e);svg.setPointerCapture(e.pointerId)});
svg.addEventListener('pointermove',e=>{if(!held)return;const now=at(e);box[0]-=(now[0]-held[0])*box[2];
box[1]-=(now[1]-held[1])*box[3];held=now;show()});
svg.addEventListener('pointerup',()=>{held=null});svg.addEventListener('dblclick',()=>{box=[...home];show()});
"""


def page(judgement: Judgement, title: str, promise_m: float | None = None) -> str:
    """The whole page. `promise_m` is drawn as a line beside the errors; None: nothing was promised."""
    name = html.escape(title)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style>'
        f"<h1>{name}</h1>{_figures(judgement)}"
        f"<h2>Track and knots</h2>{_track(judgement)}"
        '<p class="note">Broad: the filtered track. Thin: the steps between knots; dashed: dark, so unknown. The wheel '
        "zooms, dragging moves, a double click shows all.</p>"
        f"<h2>How far off the position was, as known {judgement.after_s} s later</h2>{_errors(judgement, promise_m)}"
        '<p class="note">Blue: against the filtered track. Yellow: against each fix as the receiver said it.</p>'
        f"<script>{_SCRIPT}</script></html>\n"
    )


# --- figures ---------------------------------------------------------------------------------------------------------


def _figures(judgement: Judgement) -> str:
    raw, knots = judgement.raw, sum(len(report.knots) for report in judgement.reports)
    if not raw:
        return "<p>No trusted fix.</p>"
    span = f"{iso.from_s(raw[0].time_s)} to {iso.from_s(raw[-1].time_s)}"
    counts = f"{len(raw):,} fixes became {knots:,} knots in {len(judgement.reports):,} reports"
    head = "".join(f"<th>{name}</th>" for name in ("error in m", "median", "95 %", "99.9 %", "worst", "unknown"))
    rows = _row("of the filtered track", spread(judgement.errors)) + _row("of each fix", spread(judgement.raw_errors))
    return f"<p>{span}: {counts}.</p><table><tr>{head}</tr>{rows}</table>"


def _row(name: str, found: Spread | None) -> str:
    if found is None:
        return f"<tr><td>{name}</td></tr>"
    cells = [f"{metres:.1f}" for metres in (found.median_m, found.p95_m, found.p999_m, found.worst_m)]
    unknown = f"{100 * found.unknown / found.count:.1f} %"
    return f"<tr><td>{name}</td>{''.join(f'<td>{cell}</td>' for cell in [*cells, unknown])}</tr>"


# --- track -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Map:
    """Metres from the middle of the track to pixels, the same scale both ways."""

    middle: Point
    scale: float

    def at(self, lat_deg: float, lon_deg: float) -> str:
        north_m, east_m = offset_m(self.middle, lat_deg, lon_deg)
        return f"{WIDTH / 2 + east_m * self.scale:.2f},{TRACK_HEIGHT / 2 - north_m * self.scale:.2f}"


def _track(judgement: Judgement) -> str:
    if not judgement.track:
        return ""
    knots = [knot for report in judgement.reports for knot in report.knots]
    chart = _map(judgement.track)
    track = " ".join(chart.at(point.lat_deg, point.lon_deg) for point in _thinly(judgement.track))
    dots = "".join(_dot(chart, knot) for knot in _thinly(knots))
    return (
        f'<svg id="track" viewBox="0 0 {WIDTH} {TRACK_HEIGHT}" role="img" aria-label="Track and knots">'
        f'<polyline class="track" points="{track}"/>{_steps(chart, knots)}{dots}</svg>'
    )


def _map(track: Sequence[Point]) -> _Map:
    first = track[0]
    offsets = [offset_m(first, point.lat_deg, point.lon_deg) for point in track]
    norths, easts = [north for north, _ in offsets], [east for _, east in offsets]
    middle = moved(first, first.time_s, (max(norths) + min(norths)) / 2, (max(easts) + min(easts)) / 2)
    height_m, width_m = max(norths) - min(norths), max(easts) - min(easts)
    scale = min((WIDTH - 2 * MARGIN) / max(width_m, 1.0), (TRACK_HEIGHT - 2 * MARGIN) / max(height_m, 1.0))
    return _Map(middle, scale)


def _steps(chart: _Map, knots: Sequence[Knot]) -> str:
    """The runs of continuous steps, and each dark step between them."""
    lines: list[str] = []
    run: list[str] = []
    for knot in knots:
        here = chart.at(knot.lat_deg, knot.lon_deg)
        if knot.dark_s and run:
            lines.append(f'<polyline class="step" points="{" ".join(run)}"/>')
            lines.append(f'<polyline class="dark" points="{run[-1]} {here}"/>')
            run = []
        run.append(here)
    return "".join(lines) + f'<polyline class="step" points="{" ".join(run)}"/>'


def _dot(chart: _Map, knot: Knot) -> str:
    x, y = chart.at(knot.lat_deg, knot.lon_deg).split(",")
    dark = f", dark for {knot.dark_s} s before" if knot.dark_s else ""
    return f'<circle class="knot" cx="{x}" cy="{y}" r="3"><title>{iso.from_s(knot.time_s)}{dark}</title></circle>'


def _thinly(values: Sequence[Value]) -> Sequence[Value]:
    return values[:: max(1, math.ceil(len(values) / MAX_POINTS))]


# --- errors ----------------------------------------------------------------------------------------------------------


def _errors(judgement: Judgement, promise_m: float | None) -> str:
    every = [*judgement.errors, *judgement.raw_errors]
    worst_m = max((miss.error_m for miss in every if miss.error_m is not None), default=0.0)
    if not every:
        return "<p>The log is too short to tell.</p>"
    top_m = max(1.0, worst_m, promise_m or 0.0) * 1.08
    first_s, last_s = every[0].time_s, max(every[-1].time_s, every[0].time_s + 1)

    def x(time_s: int) -> float:
        return MARGIN + (WIDTH - MARGIN - 8) * (time_s - first_s) / (last_s - first_s)

    def y(error_m: float) -> float:
        return ERROR_HEIGHT - 24 - (ERROR_HEIGHT - 36) * error_m / top_m

    grid = "".join(
        f'<line class="grid" x1="{MARGIN}" x2="{WIDTH}" y1="{y(metres):.1f}" y2="{y(metres):.1f}"/>'
        f'<text x="{MARGIN - 6}" y="{y(metres) + 4:.1f}" text-anchor="end">{metres:g} m</text>'
        for metres in _ticks(top_m)
    )
    limit = "" if promise_m is None else _limit(y(promise_m), promise_m)
    lines = "".join(
        f'<polyline class="{name}" points="{" ".join(f"{x(t):.1f},{y(m):.1f}" for t, m in run)}"/>'
        for name, errors in (("raw", judgement.raw_errors), ("error", judgement.errors))
        for run in _runs(errors)
    )
    ends = (
        f'<text x="{MARGIN}" y="{ERROR_HEIGHT - 6}">{iso.from_s(first_s)}</text>'
        f'<text x="{WIDTH - 8}" y="{ERROR_HEIGHT - 6}" text-anchor="end">{iso.from_s(last_s)}</text>'
    )
    label = 'role="img" aria-label="Error over time"'
    return f'<svg viewBox="0 0 {WIDTH} {ERROR_HEIGHT}" {label}>{grid}{lines}{limit}{ends}</svg>'


def _limit(height: float, promise_m: float) -> str:
    line = f'<line class="limit" x1="{MARGIN}" x2="{WIDTH}" y1="{height:.1f}" y2="{height:.1f}"/>'
    return f'{line}<text x="{WIDTH - 8}" y="{height - 5:.1f}" text-anchor="end">promised: {promise_m:g} m</text>'


def _ticks(top_m: float) -> list[float]:
    """Four or so round values."""
    rough = top_m / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
    return [step * number for number in range(int(top_m / step) + 1)]


def _runs(errors: Sequence[Miss]) -> list[list[tuple[int, float]]]:
    """Lines without what is not known, the worst of every few where there are many."""
    each = max(1, math.ceil(len(errors) / (MAX_POINTS // 10)))
    runs: list[list[tuple[int, float]]] = [[]]
    for start in range(0, len(errors), each):
        bin_ = [(miss.time_s, miss.error_m) for miss in errors[start : start + each] if miss.error_m is not None]
        if bin_:
            runs[-1].append(max(bin_, key=lambda one: one[1]))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]
