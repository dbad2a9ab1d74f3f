"""Limits: which integrators are held at +-limit because their input still points outward.

An integrator that reaches the limit is held there until its input changes sign; then it is free
again. The engines find the times of these changes, this module says what changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sim.algebra import FLOATS, evaluate, input_sum

if TYPE_CHECKING:
    from sim.algebra import Array
    from sim.elements import Netlist

_NEAR: Final = 1e-12
"""So near to the limit, another integrator has reached it in the same moment."""


class Holding:
    """The state of all integrators' limits; starts with all free."""

    def __init__(self, netlist: Netlist, limit: float) -> None:
        self.limit = limit
        self._netlist = netlist
        self.signs = np.zeros(len(netlist.integrators))
        """+1 or -1 for an integrator that is held at that limit, 0 for a free one."""

    def reset(self) -> None:
        self.signs[:] = 0.0

    @property
    def parameters(self) -> Array:
        """For each integrator in turn: 1 if free else 0, and the sign of its limit if held."""
        return np.column_stack((self.signs == 0.0, self.signs)).ravel()

    def clamped(self, states: Array) -> Array:
        return np.clip(states, -self.limit, self.limit)

    def slopes(self, states: Array) -> list[float]:
        """Slopes of all integrators if none were held, per 1/k."""
        outputs = evaluate(self._netlist, [float(v) for v in states], FLOATS)
        return [-input_sum(i.input, outputs, FLOATS) for i in self._netlist.integrators]

    def toggle(self, integrator: int, states: Array) -> None:
        """Integrator reaches the limit, or is free again; ``states`` are corrected in place."""
        if self.signs[integrator] == 0.0:
            self._hold(integrator, states)
        else:
            self.signs[integrator] = 0.0
        self.settle(states, skip=integrator)

    def settle(self, states: Array, skip: int = -1) -> None:
        """Hold and free whoever else has to be at this moment."""
        slopes = self.slopes(states)
        for i, slope in enumerate(slopes):
            if i == skip:
                continue
            if self.signs[i] != 0.0:
                if self.signs[i] * slope < 0.0:
                    self.signs[i] = 0.0
            elif abs(states[i]) >= self.limit - _NEAR and states[i] * slope > 0.0:
                self._hold(i, states)

    def _hold(self, integrator: int, states: Array) -> None:
        self.signs[integrator] = np.sign(states[integrator])
        states[integrator] = self.signs[integrator] * self.limit
