"""The settings file as plain values, with the line of every key.

Beyond YAML 1.2: `${NAME}` and `${NAME:-default}` in values come from the environment, `!file path` is the one line of a
secret file (beside the settings file unless absolute) and always text, keys at the top that begin with `x-` are ignored
and may carry anchors. No other tag is known, no key may stand twice, and all sizes are bounded. A password is always
text and never stands in the file itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gateway.errors import SettingsError
from gateway.settings.positions import KeyPath, Positions, key_text
from gateway.settings.problems import Problem, Problems
from gateway.settings.substitution import SubstitutionError, is_reference, read_secret, substitute
from gateway.settings.yaml_faults import syntax_problem

LARGEST_FILE = 1 << 20
"""Bytes; some thousand analysers."""
MOST_VALUES = 100_000
"""Values after all aliases are written out."""
SHORTEST_HIDDEN = 4
"""Characters; blotting out anything shorter would leave no message readable, and such a text is no secret."""

SECRET_KEYS = frozenset({"password"})
"""Keys whose values may only come from a file or from the environment, and are never shown."""

_CORE = "tag:yaml.org,2002:"
_TEXTS = frozenset({_CORE + "str", _CORE + "timestamp", _CORE + "value", _CORE + "merge"})
_LARGEST_INTEGER = (1 << 63) - 1
_UNREADABLE = object()
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Document:
    """What a settings file holds.

    Attributes:
        content: The mapping at the top: strings, numbers, booleans, None, lists and mappings with text keys.
        positions: Where each key stands.
        origins: Values that are not in the file itself: key path to how they are written there.
        secrets: Values that came from `!file`, and passwords.
        problems: What was wrong so far.
    """

    content: dict[str, object]
    positions: Positions
    origins: Mapping[KeyPath, str]
    secrets: frozenset[KeyPath]
    problems: Problems


@dataclass(slots=True)
class _Reader:
    """Walks the node tree once."""

    yaml: YAML
    folder: Path
    environ: Mapping[str, str]
    lines: dict[KeyPath, int] = field(default_factory=dict)
    origins: dict[KeyPath, str] = field(default_factory=dict)
    secrets: dict[KeyPath, str] = field(default_factory=dict)
    unresolved: set[KeyPath] = field(default_factory=set)
    errors: list[Problem] = field(default_factory=list)
    values: int = 0
    open_nodes: set[int] = field(default_factory=set)

    def report(self, node: Node, what: str, remedy: str) -> None:
        """Note an error at a node."""
        self.errors.append(Problem(node.start_mark.line + 1, 0, what, remedy))

    def refuse(self, node: Node, path: KeyPath, what: str, remedy: str) -> None:
        """Note a value that cannot be read; what it would have said stays unknown."""
        self.report(node, what, remedy)
        self.unresolved.add(path)

    def _count(self, node: Node) -> None:
        self.values += 1
        if self.values > MOST_VALUES:
            what = f"with its aliases written out the file holds more than {MOST_VALUES} values"
            raise _TooMuchError(node, what, "use fewer aliases")

    def read(self, node: Node, path: KeyPath) -> object:
        """The plain value of a node; None where it had to be refused."""
        self._count(node)
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if id(node) in self.open_nodes:
            raise _TooMuchError(node, f"anchor '{node.anchor}' contains itself", "remove the alias inside it")
        self.open_nodes.add(id(node))
        try:
            if isinstance(node, MappingNode) and node.tag == _CORE + "map":
                return self._mapping(node, path)
            if isinstance(node, SequenceNode) and node.tag == _CORE + "seq":
                return self._sequence(node, path)
        finally:
            self.open_nodes.discard(id(node))
        self._refuse_tag(node, path)
        return None

    def _refuse_tag(self, node: Node, path: KeyPath) -> None:
        tag = str(node.tag).replace(_CORE, "!!")
        self.refuse(node, path, f"tag '{tag}' is not known here", "remove it; !file is the only tag of this file")

    def _sequence(self, node: SequenceNode, path: KeyPath) -> list[object]:
        items: list[object] = []
        for index, item in enumerate(node.value):
            self.lines[(*path, index)] = item.start_mark.line + 1
            items.append(self.read(item, (*path, index)))
        return items

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, object]:
        mapping: dict[str, object] = {}
        for key, (key_node, value_node) in self._entries(node, path).items():
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            mapping[key] = self.read(value_node, (*path, key))
        return mapping

    def _entries(self, node: MappingNode, path: KeyPath) -> dict[str, tuple[Node, Node]]:
        """Keys of a mapping with what it merges in; its own keys win, then the first merged mapping."""
        own: dict[str, tuple[Node, Node]] = {}
        merged: list[MappingNode] = []
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self.report(key_node, "a key must be one word, not a list or a mapping", "write 'key: value'")
            elif key_node.tag == _CORE + "merge":
                merged.extend(self._merged(value_node))
            elif not key_node.value.isprintable():
                self.report(key_node, "a key holds a character that cannot be seen", "remove it")
            elif key_node.value in own:
                first = own[key_node.value][0].start_mark.line + 1
                name = key_text((*path, key_node.value))
                self.report(key_node, f"{name} stands twice, first in line {first}", "keep one of them")
            else:
                own[key_node.value] = (key_node, value_node)
        for other in merged:
            self._count(other)
            self.open_nodes.add(id(other))
            for key, entry in self._entries(other, path).items():
                own.setdefault(key, entry)
            self.open_nodes.discard(id(other))
        return own

    def _merged(self, node: Node) -> Sequence[MappingNode]:
        items: list[Node] = node.value if isinstance(node, SequenceNode) else [node]
        nodes = [item for item in items if isinstance(item, MappingNode)]
        if len(nodes) < len(items):
            self.report(node, "'<<' merges mappings only", "write '<<: *anchor' with an anchor on a mapping")
        for item in nodes:
            if id(item) in self.open_nodes:
                raise _TooMuchError(item, f"anchor '{item.anchor}' contains itself", "remove the alias inside it")
        return nodes

    def _scalar(self, node: ScalarNode, path: KeyPath) -> object:
        is_secret = path[-1:] and path[-1] in SECRET_KEYS
        if is_secret and node.tag not in ("!file", _CORE + "null") and not is_reference(node.value):
            remedy = "put it alone in a file and write '!file path', or take it from the environment: ${NAME}"
            self.refuse(node, path, f"{key_text(path)} stands in the settings for all to read", remedy)
            return None
        try:
            result = substitute(node.value, self.environ)
        except SubstitutionError as error:
            remedy = "set it for the gateway" if is_secret and node.tag != "!file" else error.remedy
            self.refuse(node, path, f"{key_text(path)}: {error.what}", remedy)
            return None
        tag = str(node.tag)
        if tag == "!file":
            return self._secret(node, path, result.text)
        if result.names:
            self.origins[path] = node.value
            if is_secret:
                self.secrets[path] = result.text
                return self._typed(node, path, _CORE + "str", result.text)
            if node.style is None and tag == _CORE + "str" and result.text:
                tag = str(self.yaml.resolver.resolve(ScalarNode, result.text, (True, False)))
        return self._typed(node, path, tag, result.text)

    def _secret(self, node: ScalarNode, path: KeyPath, name: str) -> str | None:
        self.origins[path] = f"!file {node.value}"
        try:
            secret = read_secret(self.folder / name)
        except SubstitutionError as error:
            self.refuse(node, path, f"{key_text(path)}: {error.what}", error.remedy)
            return None
        self.secrets[path] = secret
        return secret

    def _typed(self, node: ScalarNode, path: KeyPath, tag: str, text: str) -> object:
        if tag in _TEXTS:
            if _CONTROL.search(text):
                self.refuse(node, path, f"{key_text(path)} holds a control character", "remove it")
                return None
            return text
        convert = self._conversions().get(tag.removeprefix(_CORE))
        if convert is None:
            self._refuse_tag(node, path)
            return None
        try:
            value = convert(ScalarNode(tag, text, node.start_mark, node.end_mark))
        except (ValueError, KeyError, IndexError):
            value = _UNREADABLE
        if value is _UNREADABLE:
            self.refuse(node, path, f"{key_text(path)}: '{text[:40]}' is not what its tag says", "remove the tag")
            return None
        if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
            self.refuse(node, path, f"{key_text(path)}: {text[:40]} is too large", "correct the number")
            return None
        return value

    def _conversions(self) -> Mapping[str, Callable[[ScalarNode], object]]:
        constructor = self.yaml.constructor
        return {
            "null": lambda _: None,
            "bool": constructor.construct_yaml_bool,
            "int": constructor.construct_yaml_int,
            "float": constructor.construct_yaml_float,
        }


class _TooMuchError(Exception):
    """The tree cannot be walked to its end."""

    def __init__(self, node: Node, what: str, remedy: str) -> None:
        super().__init__(what)
        self.problem = Problem(node.start_mark.line + 1, 0, what, remedy)


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        problem = Problem(0, 0, f"the settings cannot be read: {error.strerror}", "check the path and its permissions")
        raise SettingsError([problem.text(str(path))]) from error
    if len(content) > LARGEST_FILE:
        problem = Problem(0, 0, f"the settings are larger than {LARGEST_FILE} bytes", "is this the right file?")
        raise SettingsError([problem.text(str(path))])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = Problem(line, 0, "the settings are not UTF-8 text", "save the file as UTF-8")
        raise SettingsError([problem.text(str(path))]) from error


def read_document(path: Path, environ: Mapping[str, str]) -> Document:
    """Read a settings file.

    Args:
        path: The file; shown in messages as given.
        environ: Variables for `${NAME}`.

    Raises:
        SettingsError: The file cannot be read, is not YAML, or is not a mapping at the top. Lesser findings are in
            `Document.problems`.
    """
    text = _read_text(path)
    yaml = YAML(typ="safe", pure=True)
    reader = _Reader(yaml, path.parent, environ)
    try:
        root = yaml.compose(text)
        content = None if root is None else reader.read(root, ())
    except YAMLError as error:
        raise SettingsError([syntax_problem(error, text).text(str(path))]) from error
    except _TooMuchError as error:
        raise SettingsError([error.problem.text(str(path))]) from error
    except RecursionError:
        problem = Problem(0, 0, "the settings are nested too deeply", "is this the right file?")
        raise SettingsError([problem.text(str(path))]) from None
    if root is None or (content is None and not reader.errors):
        problem = Problem(0, 0, "the settings are empty", "begin with site, buses, analysers and adapters")
        raise SettingsError([problem.text(str(path))])
    if not isinstance(content, dict):
        problem = Problem(
            root.start_mark.line + 1, 0, "the settings are not keys and values", "begin with 'site: name'"
        )
        raise SettingsError([problem.text(str(path))])
    positions = Positions(str(path), reader.lines)
    hidden = tuple(secret for secret in reader.secrets.values() if len(secret) >= SHORTEST_HIDDEN)
    problems = Problems(positions, frozenset(reader.unresolved), hidden, reader.errors)
    kept = {key: value for key, value in content.items() if not key.startswith("x-")}
    return Document(kept, positions, reader.origins, frozenset(reader.secrets), problems)
