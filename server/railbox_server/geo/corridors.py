"""Where corridors are found: the ones that ship, and a user's own folders, which override and add.

Edge of the room: reads files. What a file means is reading.py's and checks.py's.
"""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from railbox_server.errors import ServerError
from railbox_server.geo import checks, reading
from railbox_server.geo.model import Border, Corridor, Leg, Place, Problem

__all__ = [
    "DATA",
    "SUFFIX",
    "Border",
    "Corridor",
    "CorridorError",
    "Leg",
    "Place",
    "available",
    "data_path",
    "find",
    "inspect",
    "load",
    "paths",
    "shipped",
]

DATA: Final = Path(__file__).parent / "data"
SUFFIX: Final = ".geojson"


class CorridorError(ServerError, ValueError):
    """One line naming file, feature and reason."""


def inspect(path: Path, more: Sequence[checks.Rule] = ()) -> tuple[Corridor | None, tuple[Problem, ...]]:
    """The file's corridor, and everything that is wrong with it; None when it cannot be used.

    `more`: rules beside those that every use of a corridor asks.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        return None, (Problem("", f"cannot be read: {error.strerror}"),)
    except (ValueError, RecursionError) as error:
        return None, (Problem("", f"not JSON: {error}"),)
    return judged(document, path, more)


def judged(
    document: object, path: Path, more: Sequence[checks.Rule] = ()
) -> tuple[Corridor | None, tuple[Problem, ...]]:
    """The same of a document that stands in `path`, or is to."""
    corridor, found = reading.read(document)
    if corridor is None:
        return None, found
    found = (
        *_misnamed(corridor, path),
        *checks.problems(corridor),
        *(problem for rule in more for problem in rule(corridor)),
    )
    return (corridor if all(problem.warning for problem in found) else None), found


def load(path: Path) -> Corridor:
    """The file's corridor; raises CorridorError."""
    corridor, found = inspect(path)
    if corridor is not None:
        return corridor
    worst = [problem for problem in found if not problem.warning]
    more = f" ({len(worst) - 1} more: railbox corridor check {path})" if len(worst) > 1 else ""
    raise CorridorError(f"{path}: {worst[0]}{more}")


@cache
def shipped() -> tuple[Corridor, ...]:
    """The corridors that come with Railbox, by name."""
    return available()


def available(folders: Iterable[Path] = ()) -> tuple[Corridor, ...]:
    """The shipped corridors and those of the folders, by name; raises CorridorError for the first that is wrong."""
    corridors = tuple(load(path) for path in paths(folders).values())
    if clashes := checks.disagreements(corridors):
        raise CorridorError(f"corridors: {clashes[0]}")
    return corridors


def find(name: str, folders: Iterable[Path] = ()) -> Corridor:
    """The corridor of that name; raises CorridorError where there is none, or it is wrong."""
    return load(data_path(name, folders))


def data_path(name: str, folders: Iterable[Path] = ()) -> Path:
    """The GeoJSON file of a corridor; raises CorridorError. The name is looked up, never joined to a path."""
    known = paths(folders)
    if name not in known:
        raise CorridorError(f"corridor {name!r} is not known; known are {', '.join(known)}")
    return known[name]


def paths(folders: Iterable[Path] = ()) -> dict[str, Path]:
    """Name -> file, by name. A later folder overrides an earlier one, and all override what ships."""
    found = {path.stem: path for folder in (DATA, *folders) for path in _in(folder)}
    return dict(sorted(found.items()))


def _in(folder: Path) -> Sequence[Path]:
    if not folder.is_dir():
        raise CorridorError(f"{folder}: not a folder; a folder of corridors holds NAME{SUFFIX} files")
    return sorted(folder.glob(f"*{SUFFIX}"))


def _misnamed(corridor: Corridor, path: Path) -> Sequence[Problem]:
    if corridor.name == path.stem:
        return ()
    return (Problem("", f"name: {corridor.name!r}, but the file is called {path.name}"),)
