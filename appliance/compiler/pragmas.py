"""Pragmas: remarks to the compiler in ``//@`` comments (analang reference, section 9)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from appliance.compiler.diagnostics import Kind
from appliance.compiler.lexer import NAME, NUMBER, Pragma, clip
from appliance.compiler.program import Bound

if TYPE_CHECKING:
    from appliance.compiler.findings import Findings
    from appliance.compiler.scope import Scope

_VALUE: Final = rf"\s*=\s*(?P<number>[+-]?{NUMBER})\s*(?:(?://|\#).*)?"
_BOUND: Final = re.compile(rf"bound\s+(?P<name>{NAME})\s*(?P<marks>'*){_VALUE}", re.ASCII)
_SETTING: Final = re.compile(rf"(?P<word>horizon|tolerance){_VALUE}", re.ASCII)
_FORMS: Final = "the forms are: bound x = 2.5, bound x' = 4, horizon = 20, tolerance = 0.05"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the pragmas of a program ask for."""

    bounds: tuple[Bound, ...]
    horizon: float | None
    tolerance: float | None


def check_pragmas(pragmas: tuple[Pragma, ...], scope: Scope, findings: Findings) -> Settings:
    """Read all pragmas; faulty ones are reported and left out."""
    bounds: dict[tuple[str, int], Bound] = {}
    settings: dict[str, float] = {}
    for pragma in pragmas:
        if match := _BOUND.fullmatch(pragma.text):
            _take_bound(match, pragma, scope, bounds, findings)
        elif match := _SETTING.fullmatch(pragma.text):
            _take_setting(match, pragma, settings, findings)
        else:
            message = f"this pragma is not understood: {clip(pragma.text)}"
            findings.error(Kind.PRAGMA, message, pragma.at, _FORMS)
    return Settings(
        bounds=tuple(bounds.values()),
        horizon=settings.get("horizon"),
        tolerance=settings.get("tolerance"),
    )


def _take_bound(
    match: re.Match[str],
    pragma: Pragma,
    scope: Scope,
    bounds: dict[tuple[str, int], Bound],
    findings: Findings,
) -> None:
    name, order = match["name"], len(match["marks"])
    label = clip(name + match["marks"])
    value = _positive(match["number"], pragma, findings)
    function = scope.functions.get(name)
    if function is None or order >= function.order:
        message = f"the bound is for {label}, which is not a state of the program"
        hint = "states are the functions with an equation, and their derivatives below its order"
        findings.error(Kind.PRAGMA, message, pragma.at, hint)
    elif (name, order) in bounds:
        findings.error(Kind.PRAGMA, f"{label} has a bound already", pragma.at)
    elif value is not None:
        bounds[name, order] = Bound(name=name, order=order, value=value, at=pragma.at)


def _take_setting(
    match: re.Match[str], pragma: Pragma, settings: dict[str, float], findings: Findings
) -> None:
    word = match["word"]
    value = _positive(match["number"], pragma, findings)
    if word in settings:
        findings.error(Kind.PRAGMA, f"the {word} is given already", pragma.at)
    elif value is not None:
        settings[word] = value


def _positive(number: str, pragma: Pragma, findings: Findings) -> float | None:
    value = float(number)
    if value > 0.0 and math.isfinite(value):
        return value
    message = f"the number must be positive and finite, not {clip(number)}"
    findings.error(Kind.PRAGMA, message, pragma.at)
    return None
