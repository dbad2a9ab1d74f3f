"""Random systems: what is drawn, and from which ranges.

A system is drawn in natural terms: every state has a unit of its own (1e-3 to 1e3), and the numbers
drawn say how large a coefficient is when all quantities are measured in their units. What is drawn
is only data; ``random_writing`` writes it as analang and as Python, ``random_counts`` counts what
it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

LEAST, MOST = 0.02, 20.0
"""Coefficients in natural terms, log-uniform."""
DECADES = 3.0
"""Units are 10 to the power of -3 to 3."""


class Kind(Enum):
    """What an atom reads."""

    STATE = "state"
    DEFINITION = "definition"
    DERIVATIVE = "derivative"


@dataclass(frozen=True, slots=True)
class Atom:
    """State ``number``, definition ``number``, or the highest derivative of function ``number``."""

    kind: Kind
    number: int


@dataclass(frozen=True, slots=True)
class Form:
    """``constant + sum of coefficient * atom`` in natural terms; no atom twice. ``unit`` is the
    user's unit of the sum, where it is written down as a quantity of its own: the natural size of
    such a sum is 1 where all it reads is as large as its unit."""

    terms: tuple[tuple[float, Atom], ...]
    constant: float = 0.0
    unit: float = 1.0


@dataclass(frozen=True, slots=True)
class Product:
    """The product of two forms; a form of one atom has the coefficient 1 and no constant."""

    left: Form
    right: Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A system. ``orders``, ``units`` and ``rights`` (of the highest derivative) are per function;
    ``starts`` is per state, each function's states from itself upward. A definition (a product,
    or an auxiliary function) reads earlier ones only. ``k0`` is what the user asks for."""

    orders: tuple[int, ...]
    units: tuple[float, ...]
    starts: tuple[float, ...]
    definitions: tuple[Product | Form, ...]
    rights: tuple[Form, ...]
    probes: tuple[Atom, ...]
    horizon: float
    k0: int | None

    @property
    def places(self) -> tuple[tuple[int, int], ...]:
        """(function, order) of each state."""
        return tuple((f, o) for f, order in enumerate(self.orders) for o in range(order))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large a system to draw."""

    states: int
    products: int
    probes: int


def usual_sizes(rng: random.Random) -> Sizes:
    """1 to 8 states, 0 to 4 products, 1 to 8 probes."""
    return Sizes(states=rng.randint(1, 8), products=rng.randint(0, 4), probes=rng.randint(1, 8))


def draw(rng: random.Random, sizes: Sizes) -> Drawn:
    """A system with so many states and products; with fewer probes where there is less to read."""
    orders = _orders(rng, sizes.states)
    definitions = _definitions(rng, sizes)
    rights = _rights(rng, orders, definitions)
    readable = [Atom(Kind.STATE, i) for i in range(sizes.states)]
    readable += [Atom(Kind.DERIVATIVE, f) for f in range(len(orders))]
    readable += [
        Atom(Kind.DEFINITION, k) for k, item in enumerate(definitions) if isinstance(item, Form)
    ]
    return Drawn(
        orders=orders,
        units=tuple(_unit(rng) for _ in orders),
        starts=tuple(
            0.0 if rng.random() < 0.15 else rng.uniform(-1.0, 1.0) for _ in range(sizes.states)
        ),
        definitions=definitions,
        rights=rights,
        probes=_probes(rng, readable, sizes),
        horizon=round(rng.uniform(1.0, 20.0), 2),
        k0=rng.choice((None, None, None, 100, 3_000, 1_000_000)),
    )


def coefficient(rng: random.Random) -> float:
    """Either sign."""
    return float(rng.choice((-1.0, 1.0)) * LEAST * (MOST / LEAST) ** rng.random())


def _unit(rng: random.Random) -> float:
    return float(10.0 ** rng.uniform(-DECADES, DECADES))


def _orders(rng: random.Random, states: int) -> tuple[int, ...]:
    orders: list[int] = []
    while states > sum(orders):
        left = states - sum(orders)
        orders.append(2 if left >= 2 and rng.random() < 0.3 else 1)
    return tuple(orders)


def _definitions(rng: random.Random, sizes: Sizes) -> tuple[Product | Form, ...]:
    """Products and up to three auxiliary functions, mixed, each of what comes before."""
    kinds = [True] * sizes.products + [False] * rng.randint(0, 3)
    rng.shuffle(kinds)
    readable = [Atom(Kind.STATE, i) for i in range(sizes.states)]
    found: list[Product | Form] = []
    sums: list[Atom] = []
    for is_product in kinds:
        if is_product:
            found.append(Product(_factor(rng, readable, sums), _factor(rng, readable, sums)))
        else:
            sums.append(Atom(Kind.DEFINITION, len(found)))
            found.append(_auxiliary(rng, readable))
        readable.append(Atom(Kind.DEFINITION, len(found) - 1))
    return tuple(found)


def _factor(rng: random.Random, readable: list[Atom], auxiliaries: list[Atom]) -> Form:
    """Mostly one atom as it is, auxiliary functions more often than others; else a sum."""
    if auxiliaries and rng.random() < 0.2:
        return Form(((1.0, rng.choice(auxiliaries)),))
    if rng.random() < 0.7:
        return Form(((1.0, rng.choice(readable)),))
    return _sum(rng, readable)


def _auxiliary(rng: random.Random, readable: list[Atom]) -> Form:
    """A sum, or one atom with a factor and perhaps a constant."""
    if rng.random() < 0.6:
        return _sum(rng, readable)
    constant = coefficient(rng) if rng.random() < 0.5 else 0.0
    return _in_natural_size(rng, [(coefficient(rng), rng.choice(readable))], constant)


def _sum(rng: random.Random, readable: list[Atom]) -> Form:
    """Two or three addends, one of which may be a constant."""
    addends = rng.randint(2, 3)
    atoms = rng.sample(readable, min(addends, len(readable)))
    constant = 0.0
    if len(atoms) < addends or rng.random() < 0.5:
        atoms, constant = atoms[: addends - 1], coefficient(rng)
    return _in_natural_size(rng, [(coefficient(rng), atom) for atom in atoms], constant)


def _in_natural_size(rng: random.Random, terms: list[tuple[float, Atom]], constant: float) -> Form:
    """Without this a chain of sums and products has rates of a million, not of 20."""
    size = abs(constant) + sum(abs(c) for c, _ in terms)
    return Form(tuple((c / size, atom) for c, atom in terms), constant / size, _unit(rng))


def _rights(
    rng: random.Random, orders: tuple[int, ...], definitions: tuple[Product | Form, ...]
) -> tuple[Form, ...]:
    """Couplings first, then products and auxiliary functions where they fall, then damping."""
    terms: list[dict[Atom, float]] = [{} for _ in orders]
    for f in range(len(orders)):
        for atom in rng.sample(_states(orders), min(rng.choice((0, 1, 1, 2)), sum(orders))):
            terms[f][atom] = coefficient(rng)
        if f > 0 and rng.random() < 0.1:
            terms[f][Atom(Kind.DERIVATIVE, rng.randrange(f))] = coefficient(rng)
    for k in range(len(definitions)):
        readers = min(rng.choice((1, 1, 1, 2, 3)), len(orders))
        for f in rng.sample(range(len(orders)), readers):
            terms[f][Atom(Kind.DEFINITION, k)] = coefficient(rng)
    starts = [sum(orders[:f]) for f in range(len(orders))]
    for f, order in enumerate(orders):
        _damp(rng, terms[f], starts[f], order)
    return tuple(
        Form(
            tuple((c, atom) for atom, c in row.items()),
            coefficient(rng) if rng.random() < 0.3 else 0.0,
        )
        for row in terms
    )


def _states(orders: tuple[int, ...]) -> list[Atom]:
    return [Atom(Kind.STATE, i) for i in range(sum(orders))]


def _damp(rng: random.Random, row: dict[Atom, float], first: int, order: int) -> None:
    """Own terms that pull back: drawn like all coefficients, in half of the cases as large as
    what the row's other terms do together."""
    others = sum(map(abs, row.values())) if rng.random() < 0.5 else 0.0
    for number in range(first, first + order):
        pull = max(abs(coefficient(rng)), min(MOST, others))
        row[Atom(Kind.STATE, number)] = -pull


def _probes(rng: random.Random, readable: list[Atom], sizes: Sizes) -> tuple[Atom, ...]:
    """States are read more often than what has to be computed."""
    weights = {atom: 3.0 if atom.kind is Kind.STATE else 1.0 for atom in readable}
    chosen: list[Atom] = []
    while len(chosen) < min(sizes.probes, len(readable)):
        left = [atom for atom in readable if atom not in chosen]
        chosen += rng.choices(left, [weights[atom] for atom in left])
    return tuple(chosen)
