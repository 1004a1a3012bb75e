"""The access security file of EPICS base (`.acf`): text in, rules out, or what is wrong and in which line.

The grammar is that of the Application Developer's Guide, chapter "Access Security", without what would let other PVs
decide (INP, CALC): a gateway that trusts values of the network would trust whoever can forge them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gateway.adapters.epics_ca.access_rules import LEVELS, AccessRules, Permission, Rule, host_fault
from gateway.errors import SettingsError

LARGEST_FILE = 1 << 20
"""Bytes; some thousand groups."""

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|\#[^\n]*)
    |(?P<line>\n)
    |(?P<name>[A-Za-z0-9_\-+:.\[\]<>;]+)
    |"(?P<quoted>(?:[^"\\\n]|\\.)*)"
    |(?P<sign>[(){},])""",
    re.VERBOSE,
)
T = TypeVar("T")

_SECTIONS = "UAG, HAG or ASG"
_INPUT = re.compile(r"INP[A-U]")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    line: int
    is_name: bool


class _FaultError(Exception):
    def __init__(self, line: int, what: str, remedy: str) -> None:
        super().__init__(what)
        self.line = line
        self.what = what
        self.remedy = remedy


def read_access_file(path: Path) -> AccessRules:
    """Rules of a file. Blocks.

    Raises:
        SettingsError: It cannot be read, or something in it is wrong: `file:line: what; remedy`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
        text = data.decode()
    except OSError as error:
        remedy = "correct the path or its permissions"
        raise SettingsError([f"{path}: cannot be read: {error.strerror}; {remedy}"]) from None
    except UnicodeDecodeError:
        raise SettingsError([f"{path}: is no text in UTF-8; save it as UTF-8"]) from None
    if len(data) > LARGEST_FILE:
        raise SettingsError([f"{path}: is larger than {LARGEST_FILE} bytes; this cannot be an access security file"])
    return parse_access_file(text, str(path))


def parse_access_file(text: str, name: str) -> AccessRules:
    """Rules of a text.

    Args:
        text: In the language of EPICS base.
        name: What messages call it.

    Raises:
        SettingsError: `name:line: what; remedy`.
    """
    try:
        return _Parser(text).rules()
    except _FaultError as fault:
        raise SettingsError([f"{name}:{fault.line}: {fault.what}; {fault.remedy}"]) from None


def _tokens(text: str) -> Iterator[_Token]:
    line, position = 1, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unreadable(text[position], line)
        position = match.end()
        match match.lastgroup:
            case "line":
                line += 1
            case "name" | "sign":
                yield _Token(match[0], line, match.lastgroup == "name")
            case "quoted":
                yield _Token(re.sub(r"\\(.)", r"\1", match["quoted"]), line, is_name=True)
    yield _Token("", line, is_name=False)


def _unreadable(character: str, line: int) -> _FaultError:
    if character == '"':
        return _FaultError(line, "a quoted name does not end in its line", "close it with a quotation mark")
    if character == "$":
        return _FaultError(line, "macros are not expanded here", "write the name itself, or expand the file with msi")
    if character == "%":
        return _FaultError(line, "'%' introduces code of old versions of EPICS", "remove the line")
    return _FaultError(line, f"{character!r} cannot stand here", "put a name with such a character in quotation marks")


def _shown(token: _Token) -> str:
    return f"'{token.text}'" if token.text or token.is_name else "the end of the file"


class _Parser:
    """Reads one text once."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._token = next(self._tokens)
        self._users: dict[str, tuple[str, ...]] = {}
        self._hosts: dict[str, tuple[str, ...]] = {}
        self._groups: dict[str, tuple[Rule, ...]] = {}
        self._asked_for: list[tuple[_Token, str]] = []

    def rules(self) -> AccessRules:
        """Everything, once all names are known to exist."""
        while self._token.text or self._token.is_name:
            keyword = self._take()
            if keyword.text == "UAG":
                self._section(keyword, self._users, self._names_in_braces)
            elif keyword.text == "HAG":
                self._section(keyword, self._hosts, self._hosts_in_braces)
            elif keyword.text == "ASG":
                self._section(keyword, self._groups, self._rules_in_braces)
            else:
                raise _FaultError(keyword.line, f"{_shown(keyword)} begins nothing known", f"write {_SECTIONS}")
        for token, kind in self._asked_for:
            if token.text not in (self._users if kind == "UAG" else self._hosts):
                remedy = f"add {kind}({token.text}) {{...}}, or correct the name"
                raise _FaultError(token.line, f"there is no {kind}({token.text})", remedy)
        return AccessRules(self._users, self._hosts, self._groups)

    def _take(self) -> _Token:
        token = self._token
        if token.text or token.is_name:
            self._token = next(self._tokens)
        return token

    def _take_sign(self, signs: str) -> str:
        token = self._take()
        if token.is_name or not token.text or token.text not in signs:
            wanted = " or ".join(f"'{sign}'" for sign in signs)
            raise _FaultError(token.line, f"{wanted} is missing before {_shown(token)}", f"write {wanted} there")
        return token.text

    def _take_name(self, what: str) -> _Token:
        token = self._take()
        if not token.is_name or not token.text:
            raise _FaultError(token.line, f"{what} is missing before {_shown(token)}", f"write {what} there")
        return token

    def _follows(self, sign: str) -> bool:
        return not self._token.is_name and self._token.text == sign

    def _section(self, keyword: _Token, known: dict[str, tuple[T, ...]], body: Callable[[], tuple[T, ...]]) -> None:
        self._take_sign("(")
        name = self._take_name("a name")
        self._take_sign(")")
        if name.text in known:
            remedy = "put everything into one of them"
            raise _FaultError(name.line, f"{keyword.text}({name.text}) is there twice", remedy)
        known[name.text] = body() if self._follows("{") else ()

    def _names_in_braces(self) -> tuple[str, ...]:
        return tuple(token.text for token in self._list("{", "}", "a user"))

    def _hosts_in_braces(self) -> tuple[str, ...]:
        tokens = self._list("{", "}", "a host")
        for token in tokens:
            fault = host_fault(token.text)
            if fault is not None:
                what, _, remedy = fault.rpartition("; ")
                raise _FaultError(token.line, what, remedy)
        return tuple(token.text.lower() for token in tokens)

    def _list(self, begin: str, end: str, what: str) -> list[_Token]:
        self._take_sign(begin)
        names = [self._take_name(what)]
        while self._take_sign(f",{end}") == ",":
            names.append(self._take_name(what))
        return names

    def _rules_in_braces(self) -> tuple[Rule, ...]:
        self._take_sign("{")
        rules: list[Rule] = []
        while not self._follows("}"):
            keyword = self._take_name("RULE or '}'")
            if keyword.text != "RULE":
                raise _not_a_rule(keyword)
            rules.append(self._rule())
        self._take_sign("}")
        return tuple(rules)

    def _rule(self) -> Rule:
        self._take_sign("(")
        level = self._take_name("a level")
        if level.text not in map(str, LEVELS):
            raise _FaultError(level.line, f"the level of a rule must be 0 or 1, got {_shown(level)}", "write 0 or 1")
        self._take_sign(",")
        allow = self._take_name("NONE, READ or WRITE")
        if allow.text not in ("NONE", "READ", "WRITE"):
            what = f"a rule allows NONE, READ or WRITE, got {_shown(allow)}"
            raise _FaultError(allow.line, what, "write one of them, in capitals")
        trapwrite = self._take_sign(",)") == "," and self._trapwrite()
        users: list[str] = []
        hosts: list[str] = []
        if self._follows("{"):
            self._take_sign("{")
            while not self._follows("}"):
                self._condition(users, hosts)
            self._take_sign("}")
        return Rule(Permission(allow.text.lower()), int(level.text), trapwrite, tuple(users), tuple(hosts))

    def _trapwrite(self) -> bool:
        option = self._take_name("TRAPWRITE or NOTRAPWRITE")
        if option.text not in ("TRAPWRITE", "NOTRAPWRITE"):
            what = f"after the access comes TRAPWRITE or NOTRAPWRITE, got {_shown(option)}"
            raise _FaultError(option.line, what, "write one of them, or nothing")
        self._take_sign(")")
        return option.text == "TRAPWRITE"

    def _condition(self, users: list[str], hosts: list[str]) -> None:
        keyword = self._take_name("UAG, HAG or '}'")
        if keyword.text not in ("UAG", "HAG"):
            raise _not_a_condition(keyword)
        tokens = self._list("(", ")", f"the name of a {keyword.text}")
        self._asked_for += [(token, keyword.text) for token in tokens]
        (users if keyword.text == "UAG" else hosts).extend(token.text for token in tokens)


def _not_a_rule(keyword: _Token) -> _FaultError:
    if _INPUT.fullmatch(keyword.text):
        what = f"{keyword.text} would let another PV decide about access, which is not supported"
        return _FaultError(keyword.line, what, "remove it, and the rules with CALC")
    return _FaultError(keyword.line, f"{_shown(keyword)} is nothing that an ASG holds", "write RULE")


def _not_a_condition(keyword: _Token) -> _FaultError:
    if keyword.text == "CALC":
        what = "CALC would let another PV decide about access, which is not supported"
        return _FaultError(keyword.line, what, "remove the rule, or name users and hosts in it")
    if keyword.text in ("METHOD", "AUTHORITY"):
        what = f"{keyword.text} asks for a proof that Channel Access does not carry"
        return _FaultError(keyword.line, what, "remove the rule from this file")
    return _FaultError(keyword.line, f"{_shown(keyword)} is no condition of a rule", "write UAG or HAG")
