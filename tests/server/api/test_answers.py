"""How answers are sent: compressed, and not at all where the client has them already."""

import gzip
from pathlib import Path

import pytest

from railbox_server.store.interface import Store
from support.api_rig import NOW_S, UNIT, get, post
from support.server_rig import Rig

SELDOM = [
    "/api/visits",
    "/api/crossings",
    "/api/corridors",
    "/api/corridors/karachi-moscow",
    "/api/assignments",
    "/api/statistics",
    "/api/gaps",
    f"/api/units/{UNIT}/track",
    f"/api/units/{UNIT}/custody",
    "/api/devices/TRK1",
]


def test_what_the_client_has_already_is_not_sent_again(rig: Rig) -> None:
    for path in SELDOM:
        first = rig.api.get(path)
        tag = first.headers["etag"]
        for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
            again = rig.api.get(path, headers={"If-None-Match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), path
        other = rig.api.get(path, headers={"If-None-Match": '"other"'})
        assert (other.status_code, other.content) == (200, first.content)
        assert first.headers["cache-control"] == "private, no-cache"


def test_what_changed_is_sent_with_another_tag(rig: Rig) -> None:
    tag = rig.api.get("/api/assignments").headers["etag"]
    post(rig, "/api/assignments", {"device": "TRK2", "unit": "MSKU1234565"}, 201)
    changed = rig.api.get("/api/assignments", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert len(changed.json()["assignments"]) == 2


def test_answers_are_compressed_for_those_who_take_it(rig: Rig) -> None:
    for path in (f"/api/units/{UNIT}/track", "/api/corridors/karachi-moscow", "/openapi.json", "/metrics"):
        with rig.api.stream("GET", path) as packed:
            raw = b"".join(packed.iter_raw())
        if path != "/metrics":  # empty here
            assert packed.headers["content-encoding"] == "gzip"
            plain = rig.api.get(path, headers={"Accept-Encoding": "identity"})
            assert gzip.decompress(raw) == plain.content
            assert "content-encoding" not in plain.headers


def test_a_tag_is_the_same_whether_compressed_or_not(rig: Rig) -> None:
    path = f"/api/units/{UNIT}/track"
    plain = rig.api.get(path, headers={"Accept-Encoding": "identity"})
    again = rig.api.get(path, headers={"If-None-Match": plain.headers["etag"]})
    assert again.status_code == 304


@pytest.fixture
def built(store: Store, tmp_path: Path) -> Rig:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>page</title>")
    (tmp_path / "assets" / "main-abc123.js").write_text("// code\n" * 5_000)
    (tmp_path / "assets" / "point.png").write_bytes(b"\x89PNG" + bytes(5_000))
    return Rig(store, NOW_S, tmp_path)


def test_the_pages_files_are_compressed_once_and_kept_for_good(built: Rig, tmp_path: Path) -> None:
    first = built.api.get("/assets/main-abc123.js")
    assert first.text == "// code\n" * 5_000
    assert first.headers["content-encoding"] == "gzip"
    assert int(first.headers["content-length"]) < 1_000
    assert "Accept-Encoding" in first.headers["vary"]
    assert "immutable" in first.headers["cache-control"]
    again = built.api.get("/assets/main-abc123.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "immutable" in again.headers["cache-control"]
    (tmp_path / "assets" / "main-abc123.js").write_text("// other")
    assert built.api.get("/assets/main-abc123.js").text == "// other"


def test_pictures_and_plain_clients_get_files_as_they_are(built: Rig, tmp_path: Path) -> None:
    picture = built.api.get("/assets/point.png")
    assert "content-encoding" not in picture.headers
    assert picture.content == (tmp_path / "assets" / "point.png").read_bytes()
    plain = built.api.get("/assets/main-abc123.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    part = built.api.get("/assets/main-abc123.js", headers={"Range": "bytes=0-6"})
    assert (part.status_code, part.text) == (206, "// code")


def test_the_page_itself_is_asked_for_again(built: Rig) -> None:
    page = built.api.get("/")
    assert page.headers["cache-control"] == "no-cache"
    assert built.api.get("/", headers={"If-None-Match": page.headers["etag"]}).status_code == 304


def test_a_wrong_method_is_a_problem_that_names_the_right_one(rig: Rig) -> None:
    answer = rig.api.delete("/api/units")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
    assert answer.json()["detail"] == "/api/units takes GET; /docs says what for"


def test_a_device_tells_all_that_is_known_of_its_health(rig: Rig) -> None:
    rig.say_status("TRK1", '{"online": true, "epoch": 7, "counters": {"no_fix": 3}}')
    row = get(rig, "/api/devices/TRK1")
    assert (row["device"], row["unit"], row["online"]) == ("TRK1", UNIT, True)
    assert row["status"]["counters"] == {"no_fix": 3}
    assert row["assignments"] == get(rig, "/api/assignments")["assignments"]
    assert row["outboxes"] == get(rig, "/api/gaps", device="TRK1")["devices"]
    assert "GET /api/devices lists them" in get(rig, "/api/devices/NOBODY", 404)["detail"]


def test_the_latest_of_all_is_one_answer_without_those_never_seen(rig: Rig) -> None:
    rig.store.register("TRK2", 0)
    found = get(rig, "/api/latest")
    (unit, _) = get(rig, "/api/units")["units"]
    assert found["now"] == get(rig, "/api/clock")["now"]
    assert found["latest"] == [
        {
            "unit": UNIT,
            **unit["latest"],
            **{key: unit[key] for key in ("age_s", "flag", "certainty", "no_contact_since")},
            "place": "pk-taftan",
        }
    ]
