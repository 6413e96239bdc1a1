"""Settings: a TOML file read into frozen dataclasses, and the dataclasses written as a commented TOML file.

A settings class is a frozen, keyword-only dataclass whose fields are made by `setting` or `required`: it is the one
table of keys, with type, default and explanation. A nested dataclass is a table, a tuple of them an array of tables.
Knows no key of any room.
"""

import difflib
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from pathlib import Path
from sys import float_info
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

__all__ = ["Key", "SettingsError", "keys_of", "load", "overlay", "parse", "render", "required", "setting", "table_of"]

T = TypeVar("T")


class SettingsError(ValueError):
    """One line: file, key, and what was expected there."""


@dataclass(frozen=True, slots=True)
class _Note:
    help: str
    low: float | None = None
    high: float | None = None
    example: object = None


@dataclass(frozen=True, slots=True)
class Key:
    """A key for people: dotted name, what is expected, its default (None where there is none), and what it is for."""

    name: str
    expected: str
    default: object
    help: str


def setting(default: T, help: str, *, low: float | None = None, high: float | None = None, example: object = None) -> T:  # noqa: A002 - what argparse calls it
    """A key with a default. `low` and `high` bound a number; `example` is shown where the default is None."""
    return field(default=default, metadata={"note": _Note(help, low, high, example)})


def required(help: str, *, example: object, low: float | None = None, high: float | None = None) -> Any:  # noqa: A002 - what argparse calls it
    """A key that must be given; `example` stands in the commented file."""
    return field(metadata={"note": _Note(help, low, high, example)})


def load(path: Path, cls: type[T]) -> T:
    """The file's settings. Raises SettingsError, one line naming the file, the key and what is expected there."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SettingsError(f"{path}: cannot be read: {reason}") from error
    return parse(text, cls, str(path))


def parse(text: str, cls: type[T], source: str) -> T:
    """Like `load`, from text; `source` is what the error calls it."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{source}: not valid TOML: {error}") from error
    return table_of(raw, cls, source)


def table_of(raw: Mapping[str, object], cls: type[T], source: str) -> T:
    """Like `parse`, from a table that was read already."""
    return _named(lambda: cast("T", _table(cls, raw, "")), source)


def overlay(base: T, raw: Mapping[str, object], source: str) -> T:
    """The settings with the table's keys over them; arrays are replaced whole. Raises SettingsError."""
    return _named(lambda: cast("T", _table(type(base), raw, "", base)), source)


def keys_of(cls: type[Any]) -> Iterator[Key]:
    """The class's keys in order, those of its tables too; `[]` stands where a table may come many times."""
    return _keys(cls, "")


def render(settings: object) -> str:
    """A class's defaults, or an instance's values, as TOML with each key's explanation and type above it."""
    return "\n".join(_lines(settings, "")).strip() + "\n"


class _KeyError(ValueError):
    """What is wrong at which key; the file is not known here."""


# --- reading ---------------------------------------------------------------------------------------------------------


def _named(read: Callable[[], T], source: str) -> T:
    try:
        return read()
    except _KeyError as error:
        raise SettingsError(f"{source}: {error}") from error


def _table(cls: type[Any], raw: object, key: str, base: object = None) -> object:
    """`base`: where the keys that are not given come from, instead of their defaults."""
    if not isinstance(raw, dict):
        raise _KeyError(f"{key}: expected a table, found {_shown(raw)}")
    table = cast("dict[str, object]", raw)
    known = {item.name: item for item in fields(cls)}
    for name in sorted(table.keys() - known.keys()):
        raise _KeyError(f"{_join(key, name)}: no such key; {_suggestion(name, list(known))}")
    kinds = get_type_hints(cls)
    values: dict[str, object] = {}
    for name, item in known.items():
        if name in table:
            values[name] = _value(kinds[name], table[name], _join(key, name), _note(item), getattr(base, name, None))
        elif base is not None:
            values[name] = getattr(base, name)
        elif item.default is MISSING:
            raise _KeyError(f"{_join(key, name)}: missing; expected {_expected(kinds[name], _note(item))}")
    try:
        return cls(**values)
    except ValueError as error:  # a class may check in __post_init__ what one key alone cannot tell
        raise _KeyError(f"{key}: {error}" if key else str(error)) from error


def _value(kind: Any, raw: object, key: str, note: _Note, base: object = None) -> object:
    kind = _without_none(kind)
    if is_dataclass(kind):
        return _table(cast("type[Any]", kind), raw, key, base)
    if get_origin(kind) is tuple and isinstance(raw, list):
        inner = get_args(kind)[0]
        items = enumerate(cast("list[object]", raw))
        return tuple(_value(inner, item, f"{key}[{index}]", note) for index, item in items)
    if get_origin(kind) is Literal:
        accepted = raw in get_args(kind)
    elif kind is float:
        accepted = isinstance(raw, int | float) and not isinstance(raw, bool)
    elif kind is Path:
        accepted = isinstance(raw, str)
    else:
        accepted = type(raw) is get_origin(kind) or type(raw) is kind  # a bool is no int here
    if not accepted or not _within(raw, note):
        raise _KeyError(f"{key}: expected {_expected(kind, note)}, found {_shown(raw)}")
    if kind is Path:
        return Path(str(raw))
    return float(cast("float", raw)) if kind is float else raw


def _within(raw: object, note: _Note) -> bool:
    if not isinstance(raw, int | float) or isinstance(raw, bool):
        return True
    if not -float_info.max <= raw <= float_info.max:  # no quantity is `nan` or `inf`, which TOML can write
        return False
    return (note.low is None or raw >= note.low) and (note.high is None or raw <= note.high)


def _suggestion(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(sorted(known))}"


def _shown(raw: object) -> str:
    text = json.dumps(raw, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


# --- writing ---------------------------------------------------------------------------------------------------------


def _lines(settings: object, key: str) -> Iterator[str]:
    """Plain keys first: in TOML whatever follows a table's head belongs to that table. Required ones lead."""
    cls = settings if isinstance(settings, type) else type(settings)
    kinds = get_type_hints(cls)
    entries = [(item, _without_none(kinds[item.name])) for item in fields(cast("Any", cls))]
    for item, kind in sorted(entries, key=lambda entry: entry[0].default is not MISSING):
        if _table_of(kind) is None:
            yield from _plain(item, kind, _current(settings, item))
    for item, kind in entries:
        if (table := _table_of(kind)) is not None:
            yield from _tables(table, _join(key, item.name), get_origin(kind) is tuple, _current(settings, item), item)


def _plain(item: Field[Any], kind: Any, value: object) -> Iterator[str]:
    note = _note(item)
    yield f"# {note.help} ({_expected(kind, note)}{', required' if item.default is MISSING else ''})"
    if value is None:
        yield f"# {item.name} = {_toml('' if note.example is None else note.example)}"
    else:
        yield f"{item.name} = {_toml(value)}"
    yield ""


def _tables(cls: type[Any], key: str, many: bool, value: object, item: Field[Any]) -> Iterator[str]:
    note = _note(item)
    shown = cast("tuple[object, ...]", value) if many else (cls if value is None else value,)
    for one in shown or cast("tuple[object, ...]", note.example) or (cls,):
        yield f"# {note.help}"
        lines = [f"[[{key}]]" if many else f"[{key}]", *_lines(one, key)]
        yield from lines if shown else [line if line.startswith("#") or not line else f"# {line}" for line in lines]


def _current(settings: object, item: Field[Any]) -> object:
    if not isinstance(settings, type):
        return getattr(settings, item.name)
    return _note(item).example if item.default is MISSING else item.default


def _keys(cls: type[Any], key: str) -> Iterator[Key]:
    kinds = get_type_hints(cls)
    for item in fields(cls):
        kind, name, note = _without_none(kinds[item.name]), _join(key, item.name), _note(item)
        if (table := _table_of(kind)) is not None:
            yield from _keys(table, name + "[]" if get_origin(kind) is tuple else name)
        else:
            yield Key(name, _expected(kind, note), None if item.default is MISSING else item.default, note.help)


def _toml(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(_toml(item) for item in cast('tuple[object, ...]', value))}]"
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)


# --- types -----------------------------------------------------------------------------------------------------------

_NAMES = {str: "text", Path: "text", bool: "true or false", int: "an integer", float: "a number"}


def _expected(kind: Any, note: _Note) -> str:
    if get_origin(kind) is tuple:
        return f"a list, each {_expected(get_args(kind)[0], note)}"
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(_toml(choice) for choice in get_args(kind))
    name = _NAMES.get(_without_none(kind), "a table")
    low, high = note.low, note.high
    if low is not None and high is not None:
        return f"{name} from {low} to {high}"
    if low is not None:
        return f"{name} of at least {low}"
    return f"{name} of at most {high}" if high is not None else name


def _without_none(kind: Any) -> Any:
    """`str` of `str | None`: a key that may be absent."""
    if get_origin(kind) is not UnionType:
        return kind
    return next(arg for arg in get_args(kind) if arg is not NoneType)


def _table_of(kind: Any) -> type[Any] | None:
    inner = get_args(kind)[0] if get_origin(kind) is tuple else kind
    return cast("type[Any]", inner) if is_dataclass(inner) else None


def _note(item: Field[Any]) -> _Note:
    return item.metadata.get("note", _Note(""))


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
