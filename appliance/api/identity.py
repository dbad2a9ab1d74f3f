"""``user_id`` on the wire: one's own key for what is one's own, fingerprints for everybody else.

The vendor's clients compare ``user_id`` with the key that they hold. Others' keys are kept nowhere,
so their tasks carry fingerprints. As a filter both are understood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import request

from appliance.api.gate import presented_key
from appliance.api.parts import caller
from appliance.users import owner_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from appliance.models import OwnerId
    from appliance.users import User


def caller_key() -> str:
    """The key that the current request carries. It is for the answer only, never for a log."""
    return presented_key(request.scope["headers"])


def shown_user_id(owner: OwnerId) -> str:
    """``user_id`` of a task in an answer to the current request."""
    return user_id_for(caller(), caller_key(), owner)


def user_id_for(user: User, key: str, owner: OwnerId) -> str:
    """``user_id`` of a task in an answer to ``user``, who presented ``key``."""
    return key if owner in user.owners else owner


def owners_named(
    ids: Iterable[str], owners_of: Callable[[OwnerId], tuple[OwnerId, ...]]
) -> frozenset[OwnerId]:
    """The owners that a ``user_id`` filter means; each of ``ids`` is a key or a fingerprint.

    ``owners_of`` adds what belongs to the same user: a key from before a rotation and the one from
    after it find the same tasks.
    """
    return frozenset(owner for id in ids for owner in owners_of(owner_named(id)))
