from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.settings.document import LARGEST_FILE, MOST_VALUES, Document, read_document
from gateway.settings.load import load_settings

Problems = Callable[..., list[str]]


def document(tmp_path: Path, text: str, **environ: str) -> Document:
    path = tmp_path / "f.yaml"
    path.write_text(text)
    return read_document(path, environ)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${V}", 4840),
        ("'${V}'", "4840"),
        ('!!int "${V}"', 4840),
        ("0x${V}", 0x4840),
        ("a${V}b${V}", "a4840b4840"),
        ("${EMPTY}", ""),
        ("${EMPTY:-7}", 7),
        ("${UNSET:-1.5}", 1.5),
        ("${UNSET:-true}", True),
        ("${UNSET:-}", ""),
        ("${NESTED}", "${V}"),
        ("$${V}", "${V}"),
        ("$V and $", "$V and $"),
        ("2026-01-02", "2026-01-02"),
        ("yes", "yes"),
        ("030", 30),
        ("", None),
    ],
)
def test_scalars_are_typed_after_substitution(tmp_path: Path, written: str, value: object):
    found = document(tmp_path, f"key: {written}\n", V="4840", EMPTY="", NESTED="${V}")
    assert found.content == {"key": value}
    assert type(found.content["key"]) is type(value)
    assert not found.problems.errors


def test_a_key_keeps_the_line_where_it_is_written(tmp_path: Path):
    found = document(tmp_path, "x-a: &a\n  one: 1\n  two: 2\nb:\n  <<: *a\n  two: 3\nc: [*a,\n 5]\n")
    assert found.content == {"b": {"one": 1, "two": 3}, "c": [{"one": 1, "two": 2}, 5]}
    lines = found.positions.lines
    assert (lines["b",], lines["b", "one"], lines["b", "two"], lines["c", 1]) == (4, 2, 6, 8)
    assert found.positions.line(("b", "three", "four")) == 4


def test_the_first_of_several_merged_mappings_wins(tmp_path: Path):
    found = document(tmp_path, "x-a: &a {one: 1}\nx-b: &b {one: 2, two: 2}\nc: {<<: [*a, *b]}\n")
    assert found.content == {"c": {"one": 1, "two": 2}}


def test_merging_what_is_no_mapping_is_refused(problems_of: Problems):
    expected = "f.yaml:2: '<<' merges mappings only; write '<<: *anchor' with an anchor on a mapping"
    assert expected in problems_of("a:\n  <<: 3\n")


def test_a_byte_order_mark_and_windows_line_ends_are_read(problems_of: Problems, working: str):
    assert problems_of(b"\xef\xbb\xbf" + working.replace("\n", "\r\n").encode()) == []


def test_a_large_file_is_not_read(problems_of: Problems):
    text = f"f.yaml: the settings are larger than {LARGEST_FILE} bytes; is this the right file?"
    assert problems_of(b"#" * (LARGEST_FILE + 1)) == [text]


def test_deep_nesting_is_refused(problems_of: Problems):
    assert problems_of("a: " + "[" * 5000) == ["f.yaml: the settings are nested too deeply; is this the right file?"]


@pytest.mark.parametrize("level", ["[{0},{0},{0},{0},{0},{0},{0},{0},{0},{0}]", "{{<<: [{0},{0},{0},{0},{0},{0}]}}"])
def test_multiplying_aliases_are_refused(problems_of: Problems, level: str):
    lines = ["a0: &a0 {k: 1}", *(f"a{n}: &a{n} {level.format(f'*a{n - 1}')}" for n in range(1, 12))]
    (problem,) = problems_of("\n".join(lines))
    assert f"with its aliases written out the file holds more than {MOST_VALUES} values; use fewer" in problem


@pytest.mark.parametrize("path", ["missing.yaml", "."])
def test_an_unreadable_file_is_explained(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=r"the settings cannot be read: .*; check the path and its permissions"):
        load_settings(Path(path), environ={})


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is not one line of text; keep the secret alone in the file"),
        (b"one\ntwo\n", "is not one line of text; keep the secret alone in the file"),
        (b"x" * 70000, "is not one line of text; keep the secret alone in the file"),
        (b"\xff", "is not UTF-8 text; save it as UTF-8"),
    ],
)
def test_a_secret_is_one_line_of_text(problems_of: Problems, content: bytes, what: str):
    Path("secret").write_bytes(content)
    assert problems_of("site: !file secret\nbuses: {}\n")[0] == f"f.yaml:1: site: secret file secret {what}"


def test_a_secret_is_text_and_is_never_shown(problems_of: Problems, working: str):
    Path("secret").write_text(" 4840 \n")
    text = working.replace("opcua:", "opcua: {port: !file secret}")
    (problem,) = problems_of(text)
    assert problem == (
        "f.yaml:10: adapters.opcua.port must be a whole number, got the content of '!file secret'; "
        "a !file is always text; ${NAME} can be a number"
    )


def test_a_secret_is_hidden_in_the_words_of_others(problems_of: Problems, working: str):
    Path("secret").write_text("no-slash")
    (problem,) = problems_of(working.replace("opcua:", "opcua: {path: !file secret}"))
    assert problem.startswith("f.yaml:10: adapters.opcua.path must begin with '/', got '(secret)'; ")


def test_a_value_from_the_environment_is_shown_with_its_variable(problems_of: Problems, working: str):
    text = working.replace("/dev/ttyUSB0, protocol: modbus-rtu", "/dev/ttyUSB0, protocol: '${MODE}'")
    (problem,) = problems_of(text, {"MODE": "rtu\nover two lines"})
    assert r'got "rtu\nover two lines" (from ${MODE})' in problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%FOO\n", "f.yaml:2:1: this is not YAML: "),
        ("a: !!int x\n", "f.yaml:1: a: 'x' is not what its tag says; remove the tag"),
        ("a: !other x\n", "f.yaml:1: tag '!other' is not known here; remove it; !file is the only tag of this file"),
        ("a: !!binary aGk=\n", "f.yaml:1: tag '!!binary' is not known here; remove it"),
        ('"a\\nb": 1\n', "f.yaml:1: a key holds a character that cannot be seen; remove it"),
        ('a: "\\ud800"\n', "f.yaml:1: a holds a control character; remove it"),
        ("a: *b\n", "f.yaml:1:4: an alias '*name' has no anchor '&name' above it; define the anchor first"),
    ],
)
def test_odd_yaml_is_refused_in_words(problems_of: Problems, text: str, expected: str):
    assert problems_of(text)[0].startswith(expected)
