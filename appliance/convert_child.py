"""What the child process does to give a run's result another form. Light: a child imports this
first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.conversion import Form
    from drivers.base import LogLine


def convert_in_child(
    result: Path, module: bytes, sample_rate_hz: int, form: Form, output: Path, *, log: LogLine
) -> None:
    """Write the samples in ``result`` to ``output``. Raises FileNotFoundError where ``result`` is
    gone, OSError, sim.errors.Unusable."""
    from sim.conversion import convert_result  # the server never loads the mathematics

    convert_result(result, module, sample_rate_hz, form, output)
