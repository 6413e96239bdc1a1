"""What a benchmark measured, held to its bounds, as a table for people and JSON for programs."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    """`holds`: against the bound, None where there is none. `note`: where it comes from, or why there is no value."""

    part: str
    figure: str
    value: float | None
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def holds(self) -> bool | None:
        if self.value is None or (self.at_least is None and self.at_most is None):
            return None
        low, high = self.at_least, self.at_most
        return (low is None or self.value >= low) and (high is None or self.value <= high)


def report(rows: Iterable[Row], *, as_json: bool) -> int:
    """Prints each row as it comes, or all as one JSON list; returns the exit code: 1 where a figure does not hold."""
    seen: list[Row] = []
    for row in rows:
        seen.append(row)
        if not as_json:
            print(told(row), flush=True)
    if as_json:
        print(json.dumps([{**asdict(row), "holds": row.holds} for row in seen], indent=1))
    return 1 if any(row.holds is False for row in seen) else 0


def told(row: Row) -> str:
    value = "-" if row.value is None else f"{row.value:,.2f}" if abs(row.value) < 100 else f"{row.value:,.0f}"
    low, high = row.at_least, row.at_most
    bound = f"at least {low:,g}" if low is not None else f"at most {high:,g}" if high is not None else ""
    verdict = {True: "holds", False: "DOES NOT HOLD", None: ""}[row.holds]
    return f"{row.part:<28} {row.figure:<40} {value:>10} {row.unit:<8} {bound:<16} {verdict:<14} {row.note}".rstrip()
