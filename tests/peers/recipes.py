"""Circuits of the golden fixtures, to be built by hand with the vendor's two Python interfaces.

A recipe lists integrators as (ic, is slow), the number of multipliers, connections (source,
target, weight) and the integrators to probe. Names: ``i0``, ``m0``, a product's inputs ``m0.a``.
An integrator's output has the negative sum of its inputs as its slope, and starts at -ic.
"""

from __future__ import annotations

from typing import Any, Final

RECIPES: Final[dict[str, dict[str, Any]]] = {
    "decay": {
        "integrators": [(-0.8, True)],
        "multipliers": 0,
        "connections": [("i0", "i0", 0.3)],
        "probes": ["i0"],
    },
    "harmonic": {
        "integrators": [(-0.42, False), (0.0, False)],
        "multipliers": 0,
        "connections": [("i1", "i0", -1.0), ("i0", "i1", 1.0)],
        "probes": ["i0", "i1"],
    },
    "lorenz": {
        "integrators": [(-0.1, False), (-0.1, False), (0.3, False)],
        "multipliers": 2,
        "connections": [
            ("i1", "i0", -1.0),
            ("i0", "i0", 1.0),
            ("i0", "i1", -2.8),
            ("m0", "i1", -5.0),
            ("i1", "i1", 0.1),
            ("i0", "m0.a", 1.0),
            ("i2", "m0.b", 2.0),
            ("i0", "m1.a", 1.0),
            ("i1", "m1.b", 1.0),
            ("m1", "i2", 2.5),
            ("i2", "i2", 0.2666),
        ],
        "probes": ["i0", "i1", "i2"],
    },
}


# Any: a circuit of one of the vendor's two packages, which carry no types. They agree on names.
def build(circuit: Any, recipe: dict[str, Any], *, probe: str) -> None:  # noqa: ANN401
    """Build a recipe; ``probe`` is the name of the method that makes a channel."""
    elements = {
        f"i{n}": circuit.int(ic=ic, slow=slow) for n, (ic, slow) in enumerate(recipe["integrators"])
    }
    for n in range(recipe["multipliers"]):
        product = elements[f"m{n}"] = circuit.mul()
        elements |= {f"m{n}.a": product.a, f"m{n}.b": product.b}
    for source, target, weight in recipe["connections"]:
        circuit.connect(elements[source], elements[target], weight=weight)
    for name in recipe["probes"]:
        getattr(circuit, probe)(elements[name])
