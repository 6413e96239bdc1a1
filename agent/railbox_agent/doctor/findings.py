"""What the doctor found: one line a finding, its level, and what to do about it. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal

Level = Literal["ok", "warn", "fail"]

_COLOURS: Final = {"ok": "32", "warn": "33", "fail": "31"}
_AREA_WIDTH: Final = 12


@dataclass(frozen=True, slots=True)
class Finding:
    """`area`: what was looked at; `says`: how it is; `todo`: what a person does about it, empty where nothing."""

    area: str
    level: Level
    says: str
    todo: str = ""


def ok(area: str, says: str) -> Finding:
    return Finding(area, "ok", says)


def warn(area: str, says: str, todo: str) -> Finding:
    return Finding(area, "warn", says, todo)


def fail(area: str, says: str, todo: str) -> Finding:
    return Finding(area, "fail", says, todo)


def exit_code(findings: Iterable[Finding]) -> int:
    """0: nothing fails (a warning is no failure); 1: something does."""
    return int(any(finding.level == "fail" for finding in findings))


def lines(findings: Sequence[Finding], *, colour: bool) -> Iterator[str]:
    """For people: a line each, what to do below it, and the sum at the end."""
    for finding in findings:
        mark = f"{finding.level:<5}"
        mark = f"\033[{_COLOURS[finding.level]}m{mark}\033[0m" if colour else mark
        yield f"{mark} {finding.area:<{_AREA_WIDTH}} {finding.says}"
        if finding.todo:
            yield f"{'':<6}{'':<{_AREA_WIDTH}} -> {finding.todo}"
    yield summary(findings)


def summary(findings: Sequence[Finding]) -> str:
    warned, failed = (sum(finding.level == level for finding in findings) for level in ("warn", "fail"))
    if not warned and not failed:
        return "All is well."
    return f"{_several(failed, 'failure')}, {_several(warned, 'warning')}."


def as_row(findings: Sequence[Finding]) -> dict[str, object]:
    return {"ok": exit_code(findings) == 0, "findings": [asdict(finding) for finding in findings]}


def _several(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"
