"""`railbox corridor`: lists, shows, checks and imports corridors.

Edge of the room: arguments, files and what is printed; decides nothing about corridors.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from railbox_server.geo import checks, corridors, countries, drawing_in, importing, picture
from railbox_server.geo.drawing_in import BadLineError
from railbox_server.geo.listing import TableError, of_points
from railbox_server.geo.model import Border, Corridor, Place, Problem

EXAMPLES: Final = """\
examples:
  railbox corridor list
  railbox corridor show karachi-moscow
  railbox corridor show karachi-moscow --json > my-corridors/karachi-moscow.geojson
  railbox corridor show karachi-moscow --plot karachi-moscow.svg
  railbox corridor check
  railbox corridor check my-corridors/karachi-moscow.geojson
  railbox corridor import stations.csv --out my-corridors
  railbox corridor import rails.geojson --onto karachi-moscow --out my-corridors
"""


IMPORT: Final = """\
FILE is one of
  CSV, a station a line, in order: corridor, name, country, lat, lon, role; where known also
    km, gauge_mm, tz, unlocode, source; roles: border, border-line, gauge-break, terminal,
    rail-road, junction, station, road-waypoint
  GeoJSON points with these as properties; lines among them become the corridor's geometry
  GeoJSON lines, for a corridor that is there: --onto says which
  a corridor of your own (schema 1), to be checked and taken over
The way's km are reckoned along the lines, and never below them. Nothing is written unless all is sound.
"""
BY_POSITION: Final = (countries.problems,)
"""Rules that `check` and `import` ask beside those of every use."""


def main(argv: list[str]) -> int:
    """Exit code: 0 ok, 1 failed or something is wrong with a corridor, 2 usage."""
    args = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = args.run
    try:
        return run(args)
    except corridors.CorridorError as error:
        print(f"railbox corridor: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="railbox corridor",
        description="Corridors are GeoJSON files: places, borders and legs. A file in a folder of your own\n"
        "overrides the shipped corridor of its name, or adds one.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON, for programs")
    folders = argparse.ArgumentParser(add_help=False)
    folders.add_argument("--folder", action="append", default=[], type=Path, help="your own corridors; may be repeated")

    command = commands.add_parser("list", parents=[common, folders], help="all corridors, one a line")
    command.set_defaults(run=_list)
    command = commands.add_parser("show", parents=[common, folders], help="one corridor, kilometre by kilometre")
    command.add_argument("name", metavar="NAME")
    command.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw it: a picture that any browser shows")
    command.set_defaults(run=_show)
    command = commands.add_parser(
        "check", parents=[common, folders], help="what is wrong, with file, feature and reason"
    )
    command.add_argument("files", metavar="FILE", nargs="*", type=Path, help="default: all corridors that `list` shows")
    command.set_defaults(run=_check)
    command = commands.add_parser(
        "import",
        parents=[folders],
        help="corridors from stations (CSV, or GeoJSON points), and lines onto a corridor",
        description=IMPORT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("file", metavar="FILE", type=Path, help="CSV or GeoJSON")
    command.add_argument("--onto", metavar="NAME", help="the corridor that a file of lines belongs to")
    command.add_argument("--attribution", metavar="TEXT", help="whom to name for the lines")
    command.add_argument("--out", metavar="DIR", type=Path, required=True, help="where the GeoJSON files go")
    command.add_argument("--force", action="store_true", help="replace files that are there already")
    command.set_defaults(run=_import)
    return parser


def _list(args: argparse.Namespace) -> int:
    known = corridors.available(args.folder)
    if args.json:
        _print_json({"corridors": [_summary(corridor) for corridor in known]})
        return 0
    width = max(len(corridor.name) for corridor in known)
    for corridor in known:
        countries = "-".join(corridor.countries)
        print(f"{corridor.name:<{width}}  {corridor.km:6.0f} km  {countries:<14}  {corridor.title}")
    return 0


def _summary(corridor: Corridor) -> dict[str, Any]:
    return {
        "name": corridor.name,
        "title": corridor.title,
        "km": corridor.km,
        "countries": list(corridor.countries),
        "borders": [border.id for border in corridor.borders],
    }


def _show(args: argparse.Namespace) -> int:
    path = corridors.data_path(args.name, args.folder)
    corridor = corridors.load(path)
    if args.plot:
        try:
            args.plot.write_text(picture.svg(corridor), encoding="utf-8")
        except OSError as error:
            raise corridors.CorridorError(f"{args.plot}: cannot be written: {error.strerror}") from error
        return 0
    if args.json:
        print(path.read_text(encoding="utf-8"), end="")
        return 0
    print(f"{corridor.title} ({corridor.name}), {corridor.km:.0f} km")
    for line in _lines(corridor):
        print(line)
    print(corridor.attribution)
    return 0


def _lines(corridor: Corridor) -> Iterator[str]:
    """Places, borders and where legs begin, by km."""
    spots: list[tuple[float, str]] = [(leg.from_km, f"   by {leg.mode}") for leg in corridor.legs]
    spots += [(place.km, _place_line(place)) for place in corridor.places if place.km is not None]
    spots += [(border.km, _border_line(border)) for border in corridor.borders]
    for km, text in sorted(spots, key=lambda spot: spot[0]):
        yield f"{km:8.1f}  {text}"
    for place in corridor.places:
        if place.km is None:
            yield f"{'beside':>8}  {_place_line(place)}"


def _place_line(place: Place) -> str:
    zone = "polygon" if place.polygon else f"{place.radius_m / 1000:.1f} km" if place.radius_m else ""
    gauges = "/".join(map(str, place.gauges_mm)) or "road"
    roles = ", ".join(sorted(place.roles))
    return f"{place.country}  {place.name:<34} {place.id:<32} {gauges:<9}  {roles:<26} {zone}".rstrip()


def _border_line(border: Border) -> str:
    assumed = ", line assumed" if border.assumed else ""
    gauge = ", gauge break" if border.gauge_break else ""
    return (
        f"-- border {'/'.join(border.sides)}  {border.name} ({border.id}): "
        f"expected {border.expected_h:g} h, limit {border.limit_h:g} h{gauge}{assumed}"
    )


def _check(args: argparse.Namespace) -> int:
    if args.files:
        return _report(args.files, as_json=args.json)
    return _report(list(corridors.paths(args.folder).values()), together=True, as_json=args.json)


def _report(files: Sequence[Path], *, together: bool = False, as_json: bool = False) -> int:
    """Prints what is wrong with each file, and between them where they are used together; returns the exit code."""
    results = [(path, *corridors.inspect(path, BY_POSITION)) for path in files]
    usable = [corridor for _, corridor, _ in results if corridor]
    clashes = checks.disagreements(usable) if together else ()
    if as_json:
        rows = [
            {"file": str(path), "ok": corridor is not None, "problems": [_row(problem) for problem in found]}
            for path, corridor, found in results
        ]
        _print_json({"files": rows, "disagreements": [_row(clash) for clash in clashes]})
    else:
        for result in results:
            _print_result(*result)
        for clash in clashes:
            print(f"between corridors: error: {clash}")
    return 0 if len(usable) == len(files) and not clashes else 1


def _row(problem: Problem) -> dict[str, str]:
    return {"level": _level(problem), "feature": problem.feature, "reason": problem.reason}


def _print_result(path: Path, corridor: Corridor | None, found: Sequence[Problem]) -> None:
    for problem in found:
        print(f"{path}: {_level(problem)}: {problem}")
    if corridor:
        print(f"{path}: ok: places {len(corridor.places)}, borders {len(corridor.borders)}, {corridor.km:.0f} km")


def _level(problem: Problem) -> str:
    return "warning" if problem.warning else "error"


def _import(args: argparse.Namespace) -> int:
    """Nothing is written unless everything is sound: what is there already stays whole."""
    source: Path = args.file
    try:
        made, notes = _imported(args)
    except (TableError, BadLineError) as error:
        raise corridors.CorridorError(f"{source}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise corridors.CorridorError(f"{source}: cannot be read: {error}") from error
    files = {args.out / f"{name}{corridors.SUFFIX}": document for name, document in made.items()}
    if there := [path for path in files if path.exists() and not args.force]:
        raise corridors.CorridorError(f"{there[0]} is there already: --force replaces it, and what you changed in it")
    results = [(path, *corridors.judged(document, path, BY_POSITION)) for path, document in files.items()]
    for result in results:
        _print_result(*result)
    if any(corridor is None for _, corridor, _ in results):
        print(f"railbox corridor: {source}: nothing was written", file=sys.stderr)
        return 1
    args.out.mkdir(parents=True, exist_ok=True)
    for path, document in files.items():
        _replace(path, importing.dumps(document))
    for note in notes:
        print(note)
    return 0


Documents = dict[str, dict[str, Any]]


def _imported(args: argparse.Namespace) -> tuple[Documents, list[str]]:
    """Corridors by name, and what is to be said of the lines in them."""
    text = args.file.read_text(encoding="utf-8-sig")
    if not text.lstrip().startswith("{"):
        return importing.documents(text), []
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TableError(f"not JSON: {error}") from error
    if "schema" in document:
        return {str(document.get("name")): document}, []
    features = drawing_in.features_of(document)
    points, drawn = (drawing_in.of_kind(features, kinds) for kinds in (["Point"], drawing_in.LINES))
    made = importing.documents_of(of_points(points, args.file.stem)) if points else _onto(args)
    notes: list[str] = []
    for name in made if drawn else ():
        found = drawing_in.attached(made[name], drawn, args.attribution)
        made[name] = found.document
        notes.append(
            f"{name}: {found.used} of {found.given} lines lead from place to place and were taken; "
            f"the way is {found.way_km:,.0f} km, {found.before_km:,.0f} km without them"
        )
    return made, notes


def _onto(args: argparse.Namespace) -> Documents:
    """The corridor that lines are for, as it is now."""
    if args.onto is None:
        known = ", ".join(corridors.paths(args.folder))
        raise BadLineError(f"has lines and no stations: --onto says which corridor they belong to, of {known}")
    own = [args.out] if args.out.is_dir() else []
    path = corridors.data_path(args.onto, [*args.folder, *own])
    corridors.load(path)
    return {args.onto: json.loads(path.read_text(encoding="utf-8-sig"))}


def _replace(path: Path, text: str) -> None:
    """All of it or nothing: another file takes the old one's place when it is whole."""
    whole = path.with_name(f".{path.name}.new")
    whole.write_text(text, encoding="utf-8")
    whole.replace(path)


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False))
