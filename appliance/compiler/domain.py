"""Domains: where a divisor, a radicand or the argument of a logarithm leaves what is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from appliance.compiler.diagnostics import Diagnostic, Kind
from appliance.compiler.evaluate import quantity_function
from appliance.compiler.system import Need
from appliance.compiler.wording import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.compiler.diagnostics import Position
    from appliance.compiler.program import Expr, Program
    from appliance.compiler.system import Guard, System

_NEAR: Final = 0.05
"""A warning is due where an operand comes so near to zero, as a part of its largest value."""
_AT_END: Final = 1e-2
"""So near to zero at the end of a solution that ends early, the operand is to blame."""

_FAR: Final = 12.0
"""Where tanh differs from 1 by 1e-10, which rounding of the coefficients makes up."""

Array = NDArray[np.float64]


def values(program: Program, exprs: Sequence[Expr], times: Array, states: Array) -> Array:
    """Values of expressions of a program (exprs, times) along its states (n, times)."""
    if not exprs:
        return np.empty((0, len(times)))
    quantities = quantity_function(program, exprs)
    with np.errstate(all="ignore"):
        rows = [quantities(t, y) for t, y in zip(times.tolist(), states.T, strict=True)]
    return np.array(rows, dtype=np.float64).T


@dataclass(frozen=True, slots=True)
class Leaving:
    """The first time at which an operand is outside of its domain."""

    guard: Guard
    time: float


class Domains:
    """The operands of a system along a solution: ``times`` (m,), ``states`` (n, m)."""

    def __init__(self, system: System, times: Array, states: Array) -> None:
        self._system = system
        self._times = times
        self._rows = values(system.program, [g.operand for g in system.guards], times, states)

    def first_leaving(self) -> Leaving | None:
        """The operand that is the first to leave its domain."""
        found = [
            Leaving(guard, float(self._times[int(np.argmax(outside))]))
            for guard, row in zip(self._system.guards, self._rows, strict=True)
            if np.any(outside := _outside(guard.need, row))
        ]
        return min(found, key=lambda leaving: leaving.time, default=None)

    def blamed_at_end(self) -> Guard | None:
        """The operand that has come so near to zero at the end that the solution ends there."""
        for guard, row in zip(self._system.guards, self._rows, strict=True):
            finite = np.abs(row[np.isfinite(row)])
            is_near = len(finite) and finite[-1] <= _AT_END * np.max(finite)
            if guard.need not in (Need.ANY, Need.SMALL) and is_near:
                return guard
        return None

    def warnings(self) -> tuple[Diagnostic, ...]:
        """Operands whose sign nothing but this one solution guarantees."""
        found: dict[tuple[Position, Need], Diagnostic] = {}
        for guard, row in zip(self._system.guards, self._rows, strict=True):
            size = np.abs(row)
            if guard.need is Need.SMALL:
                if np.max(size) > _FAR:
                    found[guard.at, guard.need] = self._far(guard, float(np.max(size)))
                continue
            is_near = float(np.min(size)) <= _NEAR * float(np.max(size))
            if is_near or _changes_sign(row):
                found[guard.at, guard.need] = self._warning(guard, row)
        return tuple(found[key] for key in sorted(found))

    def _warning(self, guard: Guard, row: Array) -> Diagnostic:
        at = float(self._times[int(np.argmin(np.abs(row)))])
        variable = self._system.program.variable
        what = f"{guard.need}, {written(guard.operand, variable)}, comes near zero"
        where = f"at {variable} = {at:.4g}"
        if guard.need is Need.ANY:
            message = f"{what} {where}: the loop that computes abs is slow there"
            hint = None
        else:
            message = f"{what} {where}: a small disturbance may change its sign"
            hint = "start values or a horizon that keep it away from zero"
        return Diagnostic(
            kind=Kind.DOMAIN, message=message, at=guard.at, hint=hint, is_warning=True
        )

    def _far(self, guard: Guard, size: float) -> Diagnostic:
        what = f"{guard.need}, {written(guard.operand, self._system.program.variable)}"
        return Diagnostic(
            kind=Kind.DOMAIN,
            message=f"{what}, reaches {size:.4g}: beyond {_FAR:g} or so its circuit forgets where "
            "it was, as tanh hardly changes there",
            at=guard.at,
            hint="a smaller factor inside of tanh",
            is_warning=True,
        )


def _changes_sign(row: Array) -> bool:
    return bool(np.min(row) < 0.0 < np.max(row))


def _outside(need: Need, row: Array) -> NDArray[np.bool_]:
    outside = np.zeros(len(row), dtype=np.bool_)
    match need:
        case Need.NOT_ZERO:
            outside |= (row == 0.0) | (np.sign(row) != np.sign(row[0]))
        case Need.NOT_NEGATIVE:
            outside |= row < 0.0
        case Need.POSITIVE:
            outside |= row <= 0.0
        case Need.ANY | Need.SMALL:
            pass
    return outside
