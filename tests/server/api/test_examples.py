"""The API's description holds: every example in it can be asked, and what comes back is of the described shape."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema

from support.api_rig import UNIT, get
from support.server_rig import Rig

STREAMS = {"/api/live"}
FILES = {"/api/imports/track"}
"""Takes a file, of which there is no example."""
TELLS = "this server tells nothing"
"""The rig has no webhook: routes of telling say so."""
Operation = tuple[str, str, dict[str, Any]]


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path not in STREAMS:
                yield path, method, operation


def example_of(schema: dict[str, Any]) -> Any:
    """The first example, or one of the values there are; also of what may be null."""
    found = [
        *schema.get("examples", ()),
        *schema.get("enum", ()),
        *(example_of(item) for item in schema.get("anyOf", ())),
    ]
    return next((item for item in found if item is not None), None)


def asks_of(operation: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Addresses and queries: with what is required only, with each other example, and with all of them."""
    required, others = dict[str, Any](), dict[str, Any]()
    for parameter in operation.get("parameters", ()):
        name, example = parameter["name"], example_of(parameter["schema"])
        if parameter["in"] == "path":
            assert example is not None, f"{path}: {name} has no example"
            path = path.replace(f"{{{name}}}", str(example))
        elif parameter["in"] == "query" and parameter.get("required"):
            assert example is not None, f"{path}: {name} has no example"
            required[name] = example
        elif parameter["in"] == "query" and example is not None:
            others[name] = example
    for query in ({}, *({name: value} for name, value in others.items()), others):
        yield path, required | query


def body_of(operation: dict[str, Any], document: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    reference = re.search(r"#/components/schemas/(\w+)", str(content["schema"]))
    assert reference is not None
    schema = document["components"]["schemas"][reference[1]]
    whole = {name: example_of(schema["properties"][name]) for name in schema.get("required", ())}
    body = example_of(schema) or whole
    assert None not in body.values(), f"{reference[1]} has no example"
    return body


def check_shape(answer: Any, operation: dict[str, Any], document: dict[str, Any]) -> None:
    described = operation["responses"][str(answer.status_code)].get("content", {})
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind != "application/json" or "application/json" not in described:
        assert kind in described or not described, (kind, described)
        return
    schema = described["application/json"]["schema"] | {"components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(answer.json())  # pyright: ignore[reportUnknownMemberType] - untyped


def test_every_example_can_be_asked_and_is_answered_as_described(rig: Rig) -> None:
    rig.say_status("TRK1", '{"online": true, "epoch": 7}')
    document = get(rig, "/openapi.json")
    asked = 0
    for path, method, operation in operations(document):
        if method != "get":
            continue
        for address, query in asks_of(operation, path):
            answer = rig.api.get(address, params=query)
            asked += 1
            if answer.status_code == 404 and TELLS in answer.text:
                continue
            assert answer.status_code == 200, (address, query, answer.text)
            check_shape(answer, operation, document)
    assert asked > 50


def test_every_example_of_a_change_does_it(rig: Rig) -> None:
    document = get(rig, "/openapi.json")
    asked = 0
    for path, method, operation in operations(document):
        if method == "get" or path in FILES:
            continue
        rig.store.register("TRK1", 0)  # another example may have made it unknown
        (address, query), *_ = asks_of(operation, path)
        answer = rig.api.request(method, address, params=query, json=body_of(operation, document))
        asked += 1
        if answer.status_code == 404 and TELLS in answer.text:
            continue
        assert answer.is_success, (address, answer.text)
        check_shape(answer, operation, document)
    assert asked > 5


def test_every_route_says_what_it_does_and_how_it_fails(rig: Rig) -> None:
    document = get(rig, "/openapi.json")
    for path, _, operation in operations(document):
        assert operation.get("description"), path
        if path.startswith("/api/"):
            assert "application/problem+json" in operation["responses"]["4XX"]["content"], path
            assert "422" not in operation["responses"], path


def test_parameters_have_no_meaning_beyond_their_text(rig: Rig) -> None:
    """SQL, Flux, paths and markup where a name or a time is expected: a clear answer, and nothing happened."""
    before = [get(rig, path) for path in (f"/api/units/{UNIT}/track", "/api/gaps", "/api/assignments")]
    hostile = [
        "'; DROP TABLE knots; --",
        "' OR '1'='1",
        '" OR ""="',
        "TRK1'); DELETE FROM devices; --",
        '") |> drop() //',
        "$(touch x)",
        "../../etc/passwd",
        "%00",
        "\x00",
        "<script>alert(1)</script>",
        "{{7*7}}",
        "9" * 400,
        "🚂",
    ]
    for path, method, operation in operations(get(rig, "/openapi.json")):
        if method != "get":
            continue
        names = [item["name"] for item in operation.get("parameters", ()) if item["in"] == "query"]
        for text in hostile:
            for address, query in asks_of(operation, path):
                # In place of each query parameter, and of whatever the address names.
                asks = [(address, {**query, name: text}) for name in names]
                if "{" in path:
                    asks.append((re.sub(r"\{\w+\}", text.replace("\\", "").replace("/", "%2F"), path), query))
                for where, what in asks:
                    if "\x00" in where:
                        continue
                    answer = rig.api.get(where, params=what)
                    assert answer.status_code < 500, (where, what, answer.text)
                    if not answer.is_success:
                        assert answer.headers["content-type"] == "application/problem+json", (where, what)
                        assert answer.json()["detail"], (where, what)
                break
    assert before == [get(rig, path) for path in (f"/api/units/{UNIT}/track", "/api/gaps", "/api/assignments")]


def test_changes_with_hostile_names_are_refused_and_change_nothing(rig: Rig) -> None:
    before = get(rig, "/api/assignments")
    for text in ("'; DROP TABLE devices; --", "a/b", "../x", "\x00", "x" * 100_000):
        for body in ({"device": text, "unit": UNIT}, {"device": "TRK9", "unit": text}):
            assert rig.api.post("/api/assignments", json=body).status_code == 422
    assert rig.api.post("/api/assignments", content=b"{").status_code == 422
    assert rig.api.post("/api/assignments", json=[1]).status_code == 422
    assert get(rig, "/api/assignments") == before
