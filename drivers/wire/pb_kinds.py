"""How one kind of message stands between its fields and its record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

B = TypeVar("B")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[B]):
    """``name`` of the field of MessageV1, ``record`` the type of its bodies. ``read`` raises
    ProtocolError for values without a meaning; ``write`` fills an empty message."""

    name: str
    record: type[B]
    # Any: each kind has a message class of its own; the tables pair them with their records.
    read: Callable[[Any], B]
    write: Callable[[Any, B], None]


def kind(
    name: str,
    record: type[B],
    # Any: see Kind.
    read: Callable[[Any], B],
    write: Callable[[Any, B], None],
) -> Kind[B]:
    return Kind(name=name, record=record, read=read, write=write)


def plain(name: str, record: type[B]) -> Kind[B]:
    """A kind that says nothing but its name."""
    return Kind(name=name, record=record, read=lambda _: record(), write=lambda _, __: None)
