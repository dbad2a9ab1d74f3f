"""Changes to the text of auth.yml that leave everything else of it as somebody wrote it.

The YAML parser says where each key and value stands; only those spans are changed, so comments,
order, quotes and other users' lines survive. The file may be in block style (indented lines) or in
flow style (braces), also mixed. A text must have been read without faults before (``auth_file``),
and the result must be read again before it is used: that is what proves a change right.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import yaml

from appliance.users import owner_of_key
from appliance.yaml_file import compose

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from appliance.models import OwnerId

EMPTY_FILE: Final = """\
# Users of this appliance. A user's mapping key is the fingerprint of the API key.
# Change it with an editor, or with: analogcloud keys
subscriptions:
  unlimited: {}
users: {}
"""
"""What the first user is added to where there is no file yet."""

_COMMENT: Final = re.compile(r"\r?\n( *)#[^\r\n]*")


@dataclass(frozen=True, slots=True)
class _Edit:
    """Put ``text`` in place of what stands from ``start`` to ``end``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A key of a mapping and what belongs to it."""

    key: yaml.Node
    value: yaml.Node


def with_user(text: str, owner: OwnerId, fields: Mapping[str, object]) -> str:
    """One more user, after the others; values of ``fields`` are what JSON knows."""
    entry, users = _users(text)
    parts = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    if users.flow_style and (users.value or _mapping(_root(text)).flow_style):
        return _edited(text, _first_in_braces(users, f"{owner}: {{{', '.join(parts)}}}"))
    column = entry.key.start_mark.column + 2
    if users.flow_style:
        lines, start = _lines(text, column, owner, parts), _start(users)
        return _edited(text, _Edit(len(text[:start].rstrip(" ")), _end(users), lines))
    place = _after(text, _entries(users)[-1])
    lines = _lines(text, users.start_mark.column, owner, parts)
    return _edited(text, _Edit(place, place, lines))


def with_enabled(text: str, owner: OwnerId, enabled: bool) -> str:
    """The same with a user let in or not."""
    user = _user(text, owner)
    value = _field(user, "enabled").value
    word = "true" if enabled else "false"
    return _edited(text, _named(user, owner), _Edit(_start(value), _end(value), word))


def with_key(text: str, owner: OwnerId, new: OwnerId) -> str:
    """The same with another key for a user, whose present one joins the previous ones."""
    user = _user(text, owner)
    return _edited(text, _named(user, new), _remembered(text, user, owner))


def without_user(text: str, owner: OwnerId) -> str:
    """The same without a user. Comments above the user stay: who knows whom they are about."""
    user, (entry, users) = _user(text, owner), _users(text)
    if users.flow_style:
        return _edited(text, _out_of_braces(text, user))
    start = text.rfind("\n", 0, _start(user.key)) + 1
    end = _after(text, user)
    edits = [_Edit(start, min(len(text), text.find("\n", end) + 1 or len(text)), "")]
    if len(users.value) == 1:
        colon = text.index(":", _end(entry.key)) + 1
        edits.append(_Edit(colon, colon, " {}"))
    return _edited(text, *edits)


def _root(text: str) -> yaml.Node:
    root = compose(text)
    if root is None:
        raise ValueError("an empty text has no users")
    return root


def _users(text: str) -> tuple[_Entry, yaml.MappingNode]:
    entry = _field(_Entry(_root(text), _root(text)), "users")
    return entry, _mapping(entry.value)


def _user(text: str, owner: OwnerId) -> _Entry:
    _, users = _users(text)
    found = (each for each in _entries(users) if _owner(each) == owner)
    if (user := next(found, None)) is None:
        raise ValueError("the text has no such user")
    return user


def _owner(user: _Entry) -> OwnerId:
    return owner_of_key(str(user.key.value))


def _field(entry: _Entry, name: str) -> _Entry:
    found = _field_or_none(entry, name)
    if found is None:
        raise ValueError(f"the text has no {name} where it must have one")
    return found


def _field_or_none(entry: _Entry, name: str) -> _Entry | None:
    return next((e for e in _entries(_mapping(entry.value)) if e.key.value == name), None)


def _mapping(node: yaml.Node) -> yaml.MappingNode:
    if not isinstance(node, yaml.MappingNode):
        raise ValueError("the text has no mapping where it must have one")
    return node


def _entries(node: yaml.MappingNode) -> list[_Entry]:
    return [_Entry(key, value) for key, value in node.value]


def _start(node: yaml.Node) -> int:
    return cast("int", node.start_mark.index)


def _end(node: yaml.Node) -> int:
    return cast("int", node.end_mark.index)


def _edited(text: str, *edits: _Edit) -> str:
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _named(user: _Entry, owner: OwnerId) -> _Edit:
    """The fingerprint for the mapping key, which may be a key in clear so far."""
    return _Edit(_start(user.key), _end(user.key), owner)


def _remembered(text: str, user: _Entry, owner: OwnerId) -> _Edit:
    mapping, previous = _mapping(user.value), _field_or_none(user, "previous")
    if previous is not None:
        return _first_in_list(text, cast("yaml.SequenceNode", previous.value), owner)
    if mapping.flow_style:
        return _first_in_braces(mapping, f"previous: [{owner}]")
    column = _entries(mapping)[0].key.start_mark.column
    place = _line_end(text, _last(text, mapping))
    return _Edit(place, place, f"{_newline(text)}{' ' * column}previous: [{owner}]")


def _first_in_list(text: str, node: yaml.SequenceNode, owner: OwnerId) -> _Edit:
    start = _start(node)
    if node.flow_style:
        return _Edit(start + 1, start + 1, f"{owner}, " if node.value else owner)
    return _Edit(start, start, f"- {owner}{_newline(text)}{' ' * node.start_mark.column}")


def _first_in_braces(node: yaml.MappingNode, part: str) -> _Edit:
    """At the front, where neither a comma nor a comment of others is in the way."""
    place = _start(node) + 1
    return _Edit(place, place, f"{part}, " if node.value else part)


def _out_of_braces(text: str, user: _Entry) -> _Edit:
    """With one of the commas around."""
    start, end = _start(user.key), _end(user.value)
    if (after := re.compile(r"\s*,[ \t]*").match(text, end)) is not None:
        return _Edit(start, after.end(), "")
    before = text[:start].rstrip()
    return _Edit(len(before) - 1 if before.endswith(",") else start, end, "")


def _lines(text: str, column: int, owner: str, parts: Iterable[str]) -> str:
    newline, indent = _newline(text), " " * column
    return "".join(f"{newline}{line}" for line in (
        f"{indent}{owner}:", *(f"{indent}  {part}" for part in parts)
    ))  # fmt: skip


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _after(text: str, user: _Entry) -> int:
    """Where the lines of a user end, with comments that are indented like what is the user's."""
    end = _line_end(text, _last(text, user.value))
    while (comment := _COMMENT.match(text, end)) is not None:
        if len(comment[1]) <= user.key.start_mark.column:
            break
        end = _line_end(text, comment.end())
    return end


def _last(text: str, node: yaml.Node) -> int:
    """Where the last word of a value ends; the mark of a block lies where the next one begins."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return len(text[: _end(node)].rstrip())


def _line_end(text: str, index: int) -> int:
    """The place before the end of the line."""
    end = text.find("\n", index)
    if end < 0:
        return len(text)
    return end - 1 if text[end - 1 : end] == "\r" and end > index else end
