"""Everything that is counted is explained in one table, and what somebody should do something about is told."""

import re
from pathlib import Path

import pytest

import railbox_agent
from railbox_agent.gnss.trust import REASONS
from railbox_agent.outbox import COUNTERS
from railbox_bridge import host_link
from railbox_telemetry.counters import COUNTED, counted, split_name, worrying

SOURCES = sorted(Path(railbox_agent.__file__).parent.rglob("*.py"))
OF_A_LOG = {"damaged_lines", "unusable_points"}
"""Counted when a log is replayed, and printed at once."""
PATTERNS = (
    r'(?:counters|_own|total)\["(\w+)"\]',
    r'_count\(f?"(?:\{[^}]*\}\.)?(\w+)"\)',
    r'_drop\("(\w+)"',
    r'FieldError\("(\w+)"\)',
    r'problems=\("(\w+)",\)',
    r'troubles\.append\(\("(\w+)"',
    r'_tell\("(\w+)"',
)


def names_in_the_sources() -> set[str]:
    found: set[str] = set()
    for source in SOURCES:
        text = source.read_text()
        for pattern in PATTERNS:
            found.update(re.findall(pattern, text))
    return found


def test_every_counter_is_explained() -> None:
    named = names_in_the_sources() | set(COUNTERS) | set(host_link.COUNTERS)
    named |= {f"untrusted_{reason}" for reason in REASONS}
    assert "bad_checksum" in named
    assert named - OF_A_LOG - set(COUNTED) == set(), "explain them in telemetry/railbox_telemetry/counters.py"


def test_nothing_is_explained_that_is_not_counted() -> None:
    everything = "\n".join(source.read_text() for source in SOURCES)
    everything += "\n".join(source.read_text() for source in Path(host_link.__file__).parent.glob("*.py"))
    everything += "".join(f"untrusted_{reason}" for reason in REASONS)
    assert [name for name in COUNTED if name not in everything] == []


def test_each_explanation_is_a_line_for_people() -> None:
    for name, entry in COUNTED.items():
        assert entry.name == name
        assert entry.meaning
        assert not entry.meaning.endswith(".")
        assert not (entry.flow and entry.todo)
        assert not entry.share_of or COUNTED[entry.share_of].flow


@pytest.mark.parametrize(
    ("counter", "parts"),
    [("connections", (None, "connections")), ("gnss.stalls", ("gnss", "stalls")), ("a.b.stalls", ("a.b", "stalls"))],
)
def test_a_counters_port_is_before_its_last_dot(counter: str, parts: tuple[str | None, str]) -> None:
    assert split_name(counter) == parts
    assert counted(counter).name == parts[1]


def test_a_share_is_judged_beside_what_went_well_on_the_same_port() -> None:
    counters = {"a.sentences": 10_000, "a.bad_checksum": 99, "b.sentences": 100, "b.bad_checksum": 2}
    assert worrying(counters) == ["b.bad_checksum"]
    assert worrying({"gnss.bad_checksum": 1}) == ["gnss.bad_checksum"]
    assert worrying({"outbox_set_aside": 1, "outbox_forgot": 0, "connections": 50, "no_such": 3}) == [
        "outbox_set_aside"
    ]
