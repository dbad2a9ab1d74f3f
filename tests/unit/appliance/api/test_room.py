"""Who leaves when the place is needed."""

from __future__ import annotations

from dataclasses import dataclass

import trio

from appliance.api.room import SLOW_S, Phase, Room


@dataclass(eq=False)
class Fake:
    phase: Phase
    since: float
    has_left: bool = False

    def standing(self) -> tuple[Phase, float]:
        return self.phase, self.since

    def leave(self) -> None:
        self.has_left = True


async def test_the_longest_wait_of_the_first_phase_leaves(autojump_clock: object) -> None:
    guests = [
        Fake(Phase.WORKING, -90),
        Fake(Phase.SLOW, -80),
        Fake(Phase.IDLE, -70),
        Fake(Phase.IDLE, -75),
        Fake(Phase.UNPROVEN, -1),
        Fake(Phase.UNPROVEN, -2),
    ]
    room = Room(len(guests))
    assert all(room.enter(guest) for guest in guests)
    assert not any(guest.has_left for guest in guests)
    order = [5, 4, 3, 2, 1]
    for number in range(1, len(order) + 1):
        assert room.enter(Fake(Phase.WORKING, 0))
        assert [i for i, guest in enumerate(guests) if guest.has_left] == sorted(order[:number])
    assert room.turned_out == len(order)
    assert not room.enter(Fake(Phase.UNPROVEN, 0))


async def test_who_has_just_begun_is_not_slow(autojump_clock: object) -> None:

    room, busy = Room(1), Fake(Phase.SLOW, trio.current_time())
    assert room.enter(busy)
    assert not room.enter(Fake(Phase.UNPROVEN, 0))
    await trio.sleep(SLOW_S + 0.1)
    assert room.enter(Fake(Phase.UNPROVEN, 0))
    assert busy.has_left


async def test_places_are_given_back(autojump_clock: object) -> None:
    room, first = Room(1), Fake(Phase.WORKING, 0)
    assert room.enter(first)
    room.exit(first)
    room.exit(first)
    second = Fake(Phase.WORKING, 0)
    assert room.enter(second)
    assert not room.enter(first)
