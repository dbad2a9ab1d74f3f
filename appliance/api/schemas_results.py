"""What may be asked about a result."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ResultQuery(BaseModel):
    """Parameters of GET /tasks/{id}/result; unknown ones are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: Literal["json", "csv", "npz"] | None = Field(
        default=None,
        description=(
            "Of a run only. `json`, as without it: one list per probe. `csv`: a header line, then "
            "one line per sample, time first. `npz`: numpy's archive with `t`, `values` (samples, "
            "probes) and `names`. The time is that of the problem (`t`) where the circuit was "
            "compiled here, else seconds (`t_s`); columns have the probes' names, else `ch0`, ..."
        ),
    )
