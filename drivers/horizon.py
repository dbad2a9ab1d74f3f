"""Runs beyond the time for which a circuit was scaled and verified: allowed, but warned about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from drivers.apb.model import Scaling

_BEYOND: Final = 1.0 + 1e-9


def horizon_warnings(scaling: Scaling | None, op_time_s: float) -> tuple[str, ...]:
    """What to tell the user of a run of ``op_time_s`` seconds of machine time; nothing where the
    horizon covers it or the module carries none (analang reference, section 9)."""
    if scaling is None or op_time_s * scaling.time_rate <= scaling.horizon * _BEYOND:
        return ()
    return (
        f"the run goes on to {scaling.variable} = {op_time_s * scaling.time_rate:.6g}, but the "
        f"circuit was scaled and verified up to {scaling.horizon:.6g} only",
    )
