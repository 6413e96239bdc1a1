"""Settings: what a file may hold, what an error says, and that the commented file reads back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from railbox_telemetry.settings import SettingsError, keys_of, load, overlay, parse, render, required, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    path: str = required("Where it is", example="/dev/ttyUSB0")
    kind: Literal["gnss", "board"] = setting("gnss", "What speaks there")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    url: str = setting("mqtt://127.0.0.1", "Where to")
    keepalive_s: int = setting(60, "Keepalive", low=5, high=65535)
    jitter: float = setting(0.5, "Jitter", low=0, high=1)
    names: tuple[str, ...] = setting((), "Names")
    password_file: Path | None = setting(None, "Password", example="password.txt")

    def __post_init__(self) -> None:
        if self.keepalive_s == 13:
            raise ValueError("13 is not to be used")


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    device: str = required("Who it is", example="TRK1")
    quiet: bool = setting(False, "Says little")
    link: Link = setting(Link(), "The link")
    wires: tuple[Wire, ...] = setting((Wire(path="a"),), "The wires")
    spares: tuple[Wire, ...] = setting((), "Spare wires", example=(Wire(path="s"),))


def test_what_is_not_given_has_its_default() -> None:
    assert parse('device = "X"', Everything, "x.toml") == Everything(device="X")


def test_every_type_is_read() -> None:
    text = """
    device = "X"
    quiet = true
    [link]
    keepalive_s = 30
    jitter = 1
    names = ["a", "b"]
    password_file = "p"
    [[wires]]
    path = "b"
    kind = "board"
    """
    settings = parse(text, Everything, "x.toml")
    assert settings.link == Link(keepalive_s=30, jitter=1.0, names=("a", "b"), password_file=Path("p"))
    assert settings.wires == (Wire(path="b", kind="board"),)
    assert isinstance(settings.link.jitter, float)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "x.toml: device: missing; expected text"),
        ("device = 5", "x.toml: device: expected text, found 5"),
        ('device = "X"\nquiet = 1', "x.toml: quiet: expected true or false, found 1"),
        ('device = "X"\ndevise = 1', "x.toml: devise: no such key; did you mean device?"),
        ('device = "X"\n[link]\nzz = 1', "x.toml: link.zz: no such key; known here: jitter, keepalive_s, names"),
        ('device = "X"\nlink = 4', "x.toml: link: expected a table, found 4"),
        (
            'device = "X"\n[link]\nkeepalive_s = true',
            "link.keepalive_s: expected an integer from 5 to 65535, found true",
        ),
        ('device = "X"\n[link]\nkeepalive_s = 4', "link.keepalive_s: expected an integer from 5 to 65535, found 4"),
        ('device = "X"\n[link]\nkeepalive_s = 13', "x.toml: link: 13 is not to be used"),
        ('device = "X"\n[link]\njitter = nan', "link.jitter: expected a number from 0 to 1, found NaN"),
        (f'device = "X"\n[link]\njitter = {"9" * 400}', "link.jitter: expected a number from 0 to 1, found 999"),
        ('device = "X"\n[link]\nnames = "a"', 'link.names: expected a list, each text, found "a"'),
        ('device = "X"\n[link]\nnames = ["a", 1]', "link.names[1]: expected text, found 1"),
        ('device = "X"\n[[wires]]\nkind = "board"', "x.toml: wires[0].path: missing; expected text"),
        ('device = "X"\n[[wires]]\npath = "a"\nkind = "usb"', 'wires[0].kind: expected one of "gnss", "board", found'),
        ("device = \nx = 1", "x.toml: not valid TOML: Invalid value (at line 1"),
    ],
)
def test_an_error_names_file_key_and_what_is_expected(text: str, says: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse(text, Everything, "x.toml")
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no\.toml: cannot be read: No such file"):
        load(tmp_path / "no.toml", Everything)
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"bad\.toml: cannot be read: not UTF-8 text"):
        load(tmp_path / "bad.toml", Everything)


def test_the_commented_file_reads_back_as_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(render(Everything))
    assert load(path, Everything) == Everything(device="TRK1")


def test_the_commented_file_of_an_instance_reads_back_as_the_instance() -> None:
    link = Link(password_file=Path("p"), names=('a"b', "ü"))
    settings = Everything(device="Y", link=link, wires=(Wire(path="a"), Wire(path="b", kind="board")))
    assert parse(render(settings), Everything, "x.toml") == settings


def test_the_commented_file_explains_every_key() -> None:
    text = render(Everything)
    assert "# Who it is (text, required)\ndevice = " in text
    assert "# Keepalive (an integer from 5 to 65535)\nkeepalive_s = 60" in text
    assert '# Password (text)\n# password_file = "password.txt"' in text


def test_an_array_of_tables_that_may_be_empty_is_shown_by_its_example_as_a_comment() -> None:
    printed = render(Everything)
    assert "# Spare wires\n# [[spares]]\n" in printed
    assert '# path = "s"\n' in printed
    assert parse(printed, Everything, "x.toml").spares == ()


def test_what_is_laid_over_changes_its_keys_and_leaves_the_others() -> None:
    base = Everything(device="X", link=Link(keepalive_s=30, names=("a",)), wires=(Wire(path="a"), Wire(path="b")))
    over = overlay(base, {"quiet": True, "link": {"jitter": 1}, "wires": [{"path": "c"}]}, "x")
    link = Link(keepalive_s=30, jitter=1.0, names=("a",))
    assert over == Everything(device="X", quiet=True, link=link, wires=(Wire(path="c"),))


def test_what_is_laid_over_is_held_against_the_same_rules() -> None:
    base = Everything(device="X", link=Link(jitter=0.1))
    wrong: list[tuple[dict[str, object], str]] = [
        ({"link": {"keepalive_s": 13}}, "x: link: 13 is not to be used"),
        ({"wires": [{}]}, "x: wires[0].path: missing; expected text"),
        ({"link": {"jiter": 1}}, "x: link.jiter: no such key; did you mean jitter?"),
    ]
    for raw, says in wrong:
        with pytest.raises(SettingsError) as raised:
            overlay(base, raw, "x")
        assert str(raised.value) == says


def test_every_key_can_be_listed_with_what_is_expected() -> None:
    keys = {key.name: key for key in keys_of(Everything)}
    assert keys["link.keepalive_s"].expected == "an integer from 5 to 65535"
    assert (keys["link.keepalive_s"].default, keys["link.keepalive_s"].help) == (60, "Keepalive")
    assert keys["wires[].path"].default is None
