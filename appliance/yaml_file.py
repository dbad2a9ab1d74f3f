"""YAML that a person wrote: plain values with the line of each, nothing clever.

Keys given twice are refused instead of the last one winning in silence, and so are anchors, with
which a short file can stand for an endless one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import yaml

from appliance.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Location = tuple[int | str, ...]

MAX_DEPTH: Final = 16

_NAME: Final = re.compile(r"'(?!<)..+'")
"""What a message repeats of the file: tags and anchors, for which a key may have been taken. Tokens
in angle brackets and single characters stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlFile:
    """``data`` of safe types only; ``lines`` of keys and list entries, from 1. In the latter a
    mapping key is the text that stands in the file."""

    data: object
    lines: Mapping[Location, int]


class YamlError(Exception):
    """The text cannot be used; ``faults`` says where. Values and keys are never repeated in it."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.faults = faults


class _Loader(yaml.SafeLoader):
    """The safe loader, without anchors."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            hint = "write it out in both places"
            raise YamlError(_fault("anchors (& and *) are not used here", self.get_mark(), hint))
        return super().compose_node(parent, index)


def parse_yaml(text: str) -> YamlFile:
    """Read one document. Raises YamlError."""
    try:
        return _parse(_Loader(text))
    except yaml.MarkedYAMLError as error:
        hint = "check indentation and colons; put texts with special characters in quotes"
        message = ", ".join(filter(None, (error.context, error.problem)))
        message = _NAME.sub("'…'", message)
        raise YamlError(_fault(message, error.problem_mark, hint)) from None
    except yaml.YAMLError:
        raise YamlError(_fault("has characters that YAML does not allow", None, "")) from None
    except RecursionError:
        raise YamlError(_fault("is nested too deeply", None, "")) from None
    except ValueError:  # such as the date 2026-99-99
        raise YamlError(_fault("has a value that is no date or number", None, "")) from None


def compose(text: str) -> yaml.Node | None:
    """The nodes of a text that ``parse_yaml`` takes, with their places in it; None if empty."""
    node: yaml.Node | None = _Loader(text).get_single_node()
    return node


def _parse(loader: _Loader) -> YamlFile:
    node = loader.get_single_node()
    if node is None:
        return YamlFile(data=None, lines={})
    lines, faults = _examine(node)
    if faults:
        raise YamlError(*faults)
    return YamlFile(data=loader.construct_document(node), lines=lines)


def _examine(root: yaml.Node) -> tuple[dict[Location, int], list[Fault]]:
    lines: dict[Location, int] = {}
    faults: list[Fault] = []
    for location, node in _entries((), root):
        if len(location) > MAX_DEPTH:
            return lines, [_fault("is nested too deeply", node.start_mark, "")]
        if location in lines:
            hint = f"it is in line {lines[location]} already"
            faults.append(_fault("is a key that is given twice", node.start_mark, hint))
        lines.setdefault(location, node.start_mark.line + 1)
    return lines, faults


def _entries(location: Location, node: yaml.Node) -> Iterator[tuple[Location, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*location, str(key.value))
            yield below, key
            yield from _entries(below, value)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*location, index), value
            yield from _entries((*location, index), value)


def _fault(message: str, mark: yaml.Mark | None, hint: str) -> Fault:
    line = mark.line + 1 if mark else None
    return Fault(path="(the whole file)", message=message, hint=hint, line=line)
