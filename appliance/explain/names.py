"""Names: what each element's output is, in the quantities of the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from appliance.compiler.elements import Elements, Product, Sum
    from appliance.compiler.search import Compiled

LONGEST_NAME: Final = 20
LONGEST_WORDS: Final = 72
_CUT: Final = "..."


class Names:
    """Words for the signals of a compiled program; a pass's signal is minus its sum."""

    def __init__(self, compiled: Compiled) -> None:
        self._elements = compiled.layout.elements
        self._words: dict[int, str] = {
            number: state.label for number, state in enumerate(self._elements.system.states)
        }
        probed = _probed_passes(compiled)
        for signal in self._elements.order():
            self._words[signal] = probed.get(signal) or _computed(self._elements, signal, self.full)
        self._short = _unique(self._words, compiled.layout.placement.output)

    def full(self, signal: int) -> str:
        """At most LONGEST_WORDS characters."""
        return self._words[signal]

    def short(self, signal: int) -> str:
        """At most LONGEST_NAME characters, and no other signal's."""
        return self._short[signal]


def combination(parts: Iterable[tuple[float, str]]) -> str:
    """``2*x - y + 3`` from coefficients and names; a constant has no name."""
    text = ""
    for coefficient, name in parts:
        part = weighted(coefficient, name)
        joint = f" - {part[1:]}" if part.startswith("-") else f" + {part}"
        text = text + joint if text else part
    return text or "0"


def weighted(coefficient: float, name: str) -> str:
    """``-2.5*x``, ``-x``, ``x``, or a number where there is no name."""
    number = f"{coefficient:.6g}"
    if not name:
        return number
    inner = name if is_factor(name) else f"({name})"
    return {"1": name if inner == name else inner, "-1": f"-{inner}"}.get(
        number, f"{number}*{inner}"
    )


def printable(text: str) -> str:
    """Without control characters and the like, for which terminals and XML have no place."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _probed_passes(compiled: Compiled) -> dict[int, str]:
    """Passes that show what is probed up to a factor, named after the probe."""
    elements, readings = compiled.layout.elements, compiled.layout.channels.readings
    first = elements.state_count + len(elements.products)
    return {
        reading.signal: weighted(1.0 / reading.factor, probe.label)
        for probe, reading in zip(elements.system.program.probes, readings, strict=True)
        if reading.signal is not None
        and reading.signal >= first
        and reading.factor
        and not reading.offset
    }


def _computed(elements: Elements, signal: int, words: Callable[[int], str]) -> str:
    number = signal - elements.state_count
    if number < len(elements.products):
        return _cut(_product(elements.products[number], words))
    (total,) = elements.operands(signal)
    return _cut(_sum(total.scaled(-1.0), words))


def _product(product: Product, words: Callable[[int], str]) -> str:
    left, right = _sum(product.left, words), _sum(product.right, words)
    left = left if is_factor(left) else f"({left})"
    return f"{left}*{right}" if is_atom(right) else f"{left}*({right})"


def _sum(total: Sum, words: Callable[[int], str]) -> str:
    parts = [(coefficient, words(signal)) for signal, coefficient in total.terms]
    constant = [(total.constant, "")] if total.constant else []
    return combination((*constant, *parts))


def is_factor(text: str) -> bool:
    """Whether a text may stand in a product, or before a divisor, as it is."""
    return not _outside_brackets(text, "+- ")


def is_atom(text: str) -> bool:
    """Whether a text may stand anywhere as it is."""
    return not _outside_brackets(text, "+-*/ ")


def _outside_brackets(text: str, signs: str) -> bool:
    depth = 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if depth == 0 and character in signs:
            return True
    return False


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_WORDS else text[: LONGEST_WORDS - len(_CUT)] + _CUT


def _unique(words: dict[int, str], output: Callable[[int], int]) -> dict[int, str]:
    """What is too long, or two signals', is called by its M output: ``#9``, no name of a user's."""
    texts = list(words.values())
    return {
        signal: text
        if len(text) <= LONGEST_NAME and texts.count(text) == 1
        else f"#{output(signal)}"
        for signal, text in words.items()
    }
