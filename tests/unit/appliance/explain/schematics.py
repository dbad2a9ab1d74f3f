"""Schematics by chance: as full, and with names as long, as a machine and a program can have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.explain.model import Channel, Element, Input, Schematic, Shape, Start, Term

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random


def chance_schematic(random: Random) -> Schematic:
    """Up to 8 integrators, 4 multipliers and 4 pass-through elements that read one another."""
    integrators = list(range(random.randint(1, 8)))
    multipliers = list(range(8, 8 + random.randint(0, 4)))
    passes = [12 + tap for tap in range(4) if random.random() < 0.4]
    names = {o: name(random, o) for o in (*integrators, *multipliers, *passes)}
    lanes = iter(range(10_000))

    def total(number: int, sources: list[int], most: int = 5) -> Input:
        terms = tuple(term(random, sources, lanes) for _ in range(random.randint(1, most)))
        return Input(number=number, unit=random.choice((1.0, 2.5e-4)), terms=terms)

    elements = [
        element(random, names, o, Shape.INTEGRATOR, (total(o, list(names)),)) for o in integrators
    ]
    for n, o in enumerate(multipliers):
        known = [*integrators, *multipliers[:n]]
        factors = total(8 + 2 * n, known, 3), total(9 + 2 * n, known, 2)
        elements.append(element(random, names, o, Shape.MULTIPLIER, factors))
    for o in passes:
        is_tap = 8 + (o - 12) // 2 in multipliers
        inputs = () if is_tap else (total(o - 4, integrators),)
        tapped = o - 4 if is_tap else None
        elements.append(element(random, names, o, Shape.PASS, inputs, tapped))
    return Schematic(
        title=random.choice(("a.ana", "x" * 80, "<&>\"'.ana")),
        machine="00-00-00-00-00-00/0",
        elements=tuple(elements),
        channels=tuple(channel(random, n, list(names)) for n in range(random.randint(1, 8))),
        chains=chains(random, integrators),
        resources=(("lanes", 32, 32),),
        constant=0.1,
        variable="t",
        rate=10_000.0,
        horizon=20.0,
        worst=1e-5,
        until=20.0,
    )


def name(random: Random, output: int) -> str:
    return random.choice(
        (f"x{output}", f"#{output}", f"(0.5 - y*y*y)*w{output:_>5}", f"W{output}'")
    )


def term(random: Random, sources: list[int], lanes: Iterator[int]) -> Term:
    return Term(
        source=random.choice((None, *sources)),
        lanes=tuple(next(lanes) % 32 for _ in range(random.choice((1, 1, 2, 5)))),
        factor=random.uniform(-1, 1) * random.choice((1, 1e-5)),
        is_upscaled=random.random() < 0.3,
        share=random.uniform(-20, 20),
    )


def element(
    random: Random,
    names: dict[int, str],
    output: int,
    shape: Shape,
    inputs: tuple[Input, ...],
    tapped: int | None = None,
) -> Element:
    is_short = random.random() < 0.7
    start = Start(rate=10_000, machine=random.uniform(-1, 1), value=random.uniform(-1e3, 1e3))
    return Element(
        shape=shape,
        output=output,
        name=names[output],
        words=names[output] if is_short else "a*b + " * 10 + "...",
        unit=random.choice((1.0, 1.2345e-7)),
        inputs=inputs,
        tapped=tapped,
        start=start if shape is Shape.INTEGRATOR else None,
        remark="follows it by relaxation, gain 123.4 per unit of t" if not is_short else "",
    )


def channel(random: Random, number: int, outputs: list[int]) -> Channel:
    return Channel(
        number=number,
        output=random.choice(outputs),
        label=random.choice(("x", "n" * 64 + "''")),
        factor=random.choice((1.0, -1.23456e-5)),
        offset=random.choice((0.0, 1234.5)),
    )


def chains(random: Random, integrators: list[int]) -> tuple[tuple[int, ...], ...]:
    found: list[tuple[int, ...]] = []
    rest = list(integrators)
    while rest:
        length = random.randint(1, min(3, len(rest)))
        found.append(tuple(reversed(rest[:length])))
        rest = rest[length:]
    return tuple(found)
