"""Arithmetic on constants that says where it fails instead of giving inf or nan."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind, Position

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTIONS: Final[dict[str, Callable[[float], float]]] = {
    "abs": abs,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "exp": math.exp,
    "ln": math.log,
    "tanh": math.tanh,
}
"""The built-in functions (analang reference, section 6)."""

NAMED_CONSTANTS: Final = {"pi": math.pi, "E": math.e}


def finite(value: float, at: Position) -> float:
    """The value itself. Raises CompileError ``domain`` at the operator if it overflowed."""
    if not math.isfinite(value):
        raise _refusal(Kind.DOMAIN, "the value of this constant expression is too large", at)
    return value


def quotient(numerator: float, divisor: float, at: Position) -> float:
    """Raises CompileError ``division-by-zero`` or ``domain`` at the operator."""
    if divisor == 0.0:
        raise division_by_zero(at)
    return finite(numerator / divisor, at)


def power(base: float, exponent: float, at: Position) -> float:
    """Raises CompileError ``division-by-zero`` or ``domain`` at the operator."""
    if base == 0.0 and exponent < 0.0:
        raise division_by_zero(at)
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return finite(math.inf, at)
    except ValueError:
        message = f"{base:g} to the power of {exponent:g} is no real number"
        raise _refusal(Kind.DOMAIN, message, at) from None


def call(function: str, operand: float, at: Position) -> float:
    """A built-in function of a constant. Raises CompileError ``domain`` at its name."""
    try:
        return FUNCTIONS[function](operand)
    except OverflowError:
        return finite(math.inf, at)
    except ValueError:
        message = f"{function} of {operand:g} is not defined"
        raise _refusal(Kind.DOMAIN, message, at) from None


def division_by_zero(at: Position) -> CompileError:
    return _refusal(Kind.DIVISION_BY_ZERO, "the divisor is zero", at)


def _refusal(kind: Kind, message: str, at: Position) -> CompileError:
    return CompileError(Diagnostic(kind=kind, message=message, at=at))
