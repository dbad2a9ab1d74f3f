"""What the simulator refuses or cannot finish, in words for the user.

SimulationError
 |- AlgebraicLoop   elements without memory feed each other
 |- Unsupported     the circuit uses something that this simulator does not have
 |- Unusable        the circuit or the request contradicts itself
 `- Diverged        a signal grows without bound or has no value
"""

from __future__ import annotations


class SimulationError(Exception):
    """Any refusal or failure of a simulation."""


class AlgebraicLoop(SimulationError):
    """Elements without memory depend on their own output; ``elements`` names all of them."""

    def __init__(self, loops: tuple[tuple[str, ...], ...]) -> None:
        self.loops = loops
        chains = "; ".join(" -> ".join((*loop, loop[0])) for loop in loops)
        super().__init__(
            f"algebraic loop: {chains}. Nothing in it integrates, so its signals have no defined "
            "value. Put an integrator into the loop."
        )

    @property
    def elements(self) -> tuple[str, ...]:
        return tuple(name for loop in self.loops for name in loop)

    def __reduce__(self) -> tuple[type[AlgebraicLoop], tuple[tuple[tuple[str, ...], ...]]]:
        return type(self), (self.loops,)  # the error crosses a process border


class Unsupported(SimulationError):
    """The circuit uses something that this simulator does not have."""


class Unusable(SimulationError):
    """The circuit or the request contradicts itself."""


class Diverged(SimulationError):
    """A signal grows without bound or has no value; the text names the element and the time."""
