"""The rules mean what they mean in EPICS base, and files are refused with line and remedy."""

from __future__ import annotations

import contextlib
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.epics_ca.access_file import parse_access_file, read_access_file
from gateway.adapters.epics_ca.access_members import AccessMembers
from gateway.adapters.epics_ca.access_rules import NOTHING, AccessRules, Permission, Rule, judge
from gateway.adapters.epics_ca.access_settings import AccessSettings, Membership
from gateway.errors import SettingsError
from gateway.ports import ServedName
from tests.adapters.epics_ca.base_access import BaseAccess

USERS, GROUPS = ("alice", "bob", "carol smith"), ("DEFAULT", "G1", "G-2:[x]")
HOSTS = ("127.0.0.1", "10.0.0.7", "192.168.1.20")
TRAP = st.sampled_from(("", ",TRAPWRITE", ",NOTRAPWRITE"))


def quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name


@st.composite
def rules_in_a_file(draw: st.DrawFn) -> str:
    """Text of a whole file, in which everything that a rule names exists."""

    def some(names: tuple[str, ...]) -> str:
        return ", ".join(map(quoted, draw(st.lists(st.sampled_from(names), min_size=1, max_size=3))))

    def listed(keyword: str, name: str, members: tuple[str, ...]) -> str:
        return f"{keyword}({name}) {{{some(members)}}}  # a comment\n"

    def rule() -> str:
        conditions = "".join(
            f" {keyword}({some(names)})"
            for keyword, names in (("UAG", ("U1", "U2")), ("HAG", ("H1", "H2")))
            if draw(st.booleans())
        )
        head = f"RULE({draw(st.sampled_from((0, 1)))}, {draw(st.sampled_from(('NONE', 'READ', 'WRITE')))}{draw(TRAP)})"
        return f"  {head} {{{conditions}}}\n" if conditions else f"  {head}\n"

    sections = [listed("UAG", name, USERS) for name in ("U1", "U2")]
    sections += [listed("HAG", name, HOSTS) for name in ("H1", "H2")]
    for group in draw(st.lists(st.sampled_from(GROUPS), unique=True)):
        body = "".join(rule() for _ in range(draw(st.integers(0, 5))))
        sections.append(f"ASG({quoted(group)}) {{\n{body}}}\n" if body else f"ASG({quoted(group)})\n")
    return "".join(sections)


def addresses(rules: AccessRules) -> dict[str, tuple[IPv4Network, ...]]:
    return {host: (IPv4Network(host),) for host in rules.all_hosts()}


@given(
    text=rules_in_a_file(), user=st.sampled_from((*USERS, "mallory", "")), host=st.sampled_from((*HOSTS, "10.9.9.9"))
)
def test_everybody_may_what_base_would_allow(text: str, user: str, host: str) -> None:
    rules, base = parse_access_file(text, "site.acf"), BaseAccess(text)
    for group in rules.groups:
        for level in (0, 1):
            ours = judge(rules, addresses(rules), group, level, user, IPv4Address(host))
            assert (ours.permission.value, ours.trapwrite) == base.judge(group, level, user, host), (group, level)


@given(text=st.text(alphabet='UAGHSRLE(){},"\\# \n01aDWTP$%.*') | rules_in_a_file(), cut=st.integers(0, 400))
def test_no_text_breaks_the_parser_and_what_base_refuses_is_refused(text: str, cut: int) -> None:
    try:
        parse_access_file(text[:cut], "site.acf")
    except SettingsError as error:
        (problem,) = error.problems
        assert problem.startswith("site.acf:")
        assert "; " in problem
        return
    with contextlib.suppress(ValueError):
        BaseAccess(text[:cut])
        return
    assert not text[:cut].strip() or all(
        line.lstrip().startswith("#") for line in text[:cut].splitlines() if line.strip()
    )


@given(
    allow=st.sampled_from(Permission),
    level=st.sampled_from((0, 1)),
    users=st.lists(st.sampled_from(("ops", "eng")), max_size=2),
    hosts=st.lists(st.sampled_from(("room", "net")), max_size=2),
    user=st.sampled_from(("alice", "bob", "mallory")),
    host=st.integers(0, 2**32 - 1).map(IPv4Address) | st.just(IPv4Address("192.168.1.77")),
)
def test_one_rule_allows_to_whoever_is_in_all_of_its_lists(
    allow: Permission, level: int, users: list[str], hosts: list[str], user: str, host: IPv4Address
) -> None:
    rules = AccessRules(
        {"ops": ("alice",), "eng": ("bob",)},
        {"room": ("console",), "net": ("192.168.1.0/24",)},
        {"G": (Rule(allow, level, False, tuple(users), tuple(hosts)),)},
    )
    behind = {"192.168.1.0/24": (IPv4Network("192.168.1.0/24"),)}
    is_user = not users or ("ops" in users and user == "alice") or ("eng" in users and user == "bob")
    is_host = not hosts or ("net" in hosts and host in IPv4Network("192.168.1.0/24"))
    for asked in (0, 1):
        expected = allow if is_user and is_host and asked <= level else Permission.NONE
        assert judge(rules, behind, "G", asked, user, host).permission is expected
    assert judge(rules, behind, "other", 0, user, host) == NOTHING


REFUSED = {
    "FOO(a)": "1: 'FOO' begins nothing known; write UAG, HAG or ASG",
    "UAG(a": "1: ')' is missing before the end of the file; write ')' there",
    "\nUAG(a) {x\n\n": "4: ',' or '}' is missing before the end of the file; write ',' or '}' there",
    "UAG(a) {x,}": "1: a user is missing before '}'; write a user there",
    'UAG("") {x}': """1: a name is missing before ''; write a name there""",
    "UAG(a) {x} }": "1: '}' begins nothing known; write UAG, HAG or ASG",
    "HAG(h) {console1,\n 10.0.0.300}": "2: '10.0.0.300' is no IPv4 address or network; write an address such as"
    " 192.168.1.20 or a network such as 192.168.1.0/24",
    'HAG(h) {"a b"}': "1: 'a b' is no host; write an address, a network or a host name",
    "UAG(a)\n# comment\nUAG(a)": "3: UAG(a) is there twice; put everything into one of them",
    "ASG(D) {INPA(x)}": "1: INPA would let another PV decide about access, which is not supported; remove it, and the"
    " rules with CALC",
    'ASG(D) {RULE(1,WRITE) {CALC("A=1")}}': "1: CALC would let another PV decide about access, which is not supported;"
    " remove the rule, or name users and hosts in it",
    'ASG(D) {RULE(1,WRITE) {METHOD("x509")}}': "1: METHOD asks for a proof that Channel Access does not carry; remove"
    " the rule from this file",
    "ASG(D) {\nRULE(2,READ)}": "2: the level of a rule must be 0 or 1, got '2'; write 0 or 1",
    "ASG(D) {RULE(1)}": "1: ',' is missing before ')'; write ',' there",
    "ASG(D) {RULE(1,Read)}": "1: a rule allows NONE, READ or WRITE, got 'Read'; write one of them, in capitals",
    "ASG(D) {RULE(1,READ,TRAP)}": "1: after the access comes TRAPWRITE or NOTRAPWRITE, got 'TRAP'; write one of them,"
    " or nothing",
    "ASG(D) {RULE(1,READ) {\nUAG(z)}}": "2: there is no UAG(z); add UAG(z) {...}, or correct the name",
    "ASG(D) {READ}": "1: 'READ' is nothing that an ASG holds; write RULE",
    "ASG(D) {RULE(1,READ) {RULE}}": "1: 'RULE' is no condition of a rule; write UAG or HAG",
    "UAG($(NAME))": "1: macros are not expanded here; write the name itself, or expand the file with msi",
    'UAG("a\n")': "1: a quoted name does not end in its line; close it with a quotation mark",
    "UAG(a) {x@y}": "1: '@' cannot stand here; put a name with such a character in quotation marks",
}


@pytest.mark.parametrize(("text", "problem"), list(REFUSED.items()))
def test_a_wrong_file_is_explained(text: str, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_access_file(text, "site.acf")
    assert caught.value.problems == [f"site.acf:{problem}"]


def test_files_that_cannot_be_read_are_explained(tmp_path: Path) -> None:
    path = tmp_path / "site.acf"
    with pytest.raises(SettingsError, match=r"site\.acf: cannot be read: No such file or directory; correct the path"):
        read_access_file(path)
    path.write_bytes(b"UAG(\xff)")
    with pytest.raises(SettingsError, match="is no text in UTF-8; save it as UTF-8"):
        read_access_file(path)
    path.write_bytes(b"#" * (1 << 21))
    with pytest.raises(SettingsError, match="is larger than 1048576 bytes"):
        read_access_file(path)


def test_the_first_member_that_fits_decides() -> None:
    names = [ServedName(device, (), f"H:{device}:{point}") for device in ("a", "b") for point in ("I1", "Action:Stop")]
    members = AccessMembers((Membership("OP", ("H:*:Action:*",)), Membership("B", (), ("b",))), names)
    assert [members.group_of(name.name) for name in names] == ["DEFAULT", "OP", "B", "OP"]
    assert members.group_of("H:GATEWAY:UPTIME") == "DEFAULT"
    everybody = (Rule(Permission.READ),)
    members.check(AccessRules(groups={"DEFAULT": everybody, "OP": everybody, "B": ()}))
    with pytest.raises(SettingsError) as caught:
        members.check(AccessRules(groups={"OP": everybody}))
    assert caught.value.problems == [
        (
            "epics_ca: PV 'H:b:I1' is in access security group B, which there is not; add 'B: [{allow: read}]' under"
            " groups, or ASG(B) {RULE(1,READ)} to the file"
        ),
        (
            "epics_ca: PV 'H:a:I1' is in access security group DEFAULT, which there is not; add"
            " 'DEFAULT: [{allow: read}]' under groups, or ASG(DEFAULT) {RULE(1,READ)} to the file"
        ),
    ]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "groups must not be empty"),
        ({"file": Path("a"), "users": {"ops": ()}}, "users cannot stand beside a file"),
        ({"groups": {"G": (Rule(Permission.READ, users=("ops",)),)}}, "rule 1 of G names 'ops', which is not under"),
        ({"groups": {"G": ()}, "hosts": {"h": ("10.0.0.1/8",)}}, "hosts: h: '10.0.0.1/8' is no IPv4 address"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(settings: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        AccessSettings(**settings)  # type: ignore[arg-type]
