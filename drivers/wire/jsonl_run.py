"""Runs in the JSONL dialect: starting one, its states, its samples, and overloaded elements.

Functions that read take the ``msg`` of an envelope and raise ProtocolError; those that write give
one.
"""

from __future__ import annotations

from itertools import chain
from typing import Final

import numpy as np

from drivers.apb.model import ADC_CHANNELS
from drivers.errors import ProtocolError
from drivers.wire.jsontext import (
    LARGEST_INT,
    Json,
    Object,
    as_bool,
    as_int,
    as_list,
    as_object,
    as_text,
    refuse,
)
from drivers.wire.messages import Overloads, RunState, Samples, StartRun, StateChanged

RUN_ID_CHARACTERS: Final = 36
"""What firmware asks of a run's id; others it replaces silently, and the run is never matched."""
MAX_ROWS: Final = 65_536
"""Samples of one message. Firmware sends some hundred; the line's length is the other limit."""
_CHANNELS: Final = (0, 1, 2, 4, 8)
_UNITS: Final = {"": 1, "_ns": 1, "_us": 1_000, "_ms": 1_000_000}
_LONGEST_ID: Final = 256
_LONGEST_PATH: Final = 128
_DEEPEST_PATH: Final = 8
_WIDEST: Final = 64
"""Columns of one row: 8 converters while it runs, up to all outputs of a carrier after its end."""
_MOST_ELEMENTS: Final = 1024
_FINAL: Final = "OP_END"


def write_start(body: StartRun, *, calibrate: bool) -> Object:
    """The message that starts a run. Channels are rounded up to what the firmware offers.

    ``calibrate`` lets the device calibrate its routes first. Raises ProtocolError for a run id
    that is not 36 characters long.
    """
    if len(body.run_id) != RUN_ID_CHARACTERS:
        raise ProtocolError(f"A run id has {RUN_ID_CHARACTERS} characters in this dialect.")
    return {
        "id": body.run_id,
        "config": {
            "ic_time": body.ic_time_ns,
            "op_time": body.op_time_ns,
            "halt_on_overload": body.halt_on_overload,
            "streaming": True,
            "repetitive": False,
            "write_run_state_changes": True,
            "calibrate": calibrate,
        },
        "daq_config": {
            "num_channels": _channels(body.channels),
            "sample_rate": body.sample_rate,
            "sample_op": body.sample_op,
            "sample_op_end": body.sample_op_end,
        },
        # What an earlier client has left behind must not run in our place.
        "clear_queue": True,
        "end_repetitive": True,
    }


def _channels(count: int) -> int:
    if not 0 <= count <= ADC_CHANNELS:
        raise ProtocolError(f"A device has {ADC_CHANNELS} converters, not {count}.")
    return next(one for one in _CHANNELS if one >= count)


def read_start(msg: Object) -> StartRun:
    """The run that a message asks for; the parts of a time add up, as firmware adds them."""
    config = as_object(msg.get("config") or {}, "the run's config")
    daq = as_object(msg.get("daq_config") or {}, "the run's daq_config")
    return StartRun(
        run_id=as_text(msg.get("id"), "a run's id", _LONGEST_ID),
        ic_time_ns=_time(config, "ic_time"),
        op_time_ns=_time(config, "op_time"),
        channels=as_int(daq.get("num_channels", 0), "num_channels", most=ADC_CHANNELS),
        sample_rate=as_int(daq.get("sample_rate", 0), "sample_rate"),
        sample_op=as_bool(daq.get("sample_op", True), "sample_op"),
        sample_op_end=as_bool(daq.get("sample_op_end", True), "sample_op_end"),
        halt_on_overload=as_bool(config.get("halt_on_overload", False), "halt_on_overload"),
    )


def _time(config: Object, name: str) -> int:
    """Nanoseconds, below 2**63."""
    parts = (
        as_int(config.get(name + suffix, 0), name + suffix, most=LARGEST_INT) * unit
        for suffix, unit in _UNITS.items()
    )
    return as_int(sum(parts), name, most=LARGEST_INT)


def write_state(body: StateChanged) -> Object:
    return {
        "id": body.run_id,
        "t": body.time_ns,
        "old": body.old.name,
        "new": body.new.name,
    } | ({"reason": body.reason} if body.reason else {})


def read_state(msg: Object) -> StateChanged:
    return StateChanged(
        run_id=as_text(msg.get("id"), "a run's id", _LONGEST_ID),
        old=_state(msg.get("old")),
        new=_state(msg.get("new")),
        reason=as_text(msg.get("reason") or "", "a reason"),
        time_ns=as_int(msg.get("t", 0), "t", least=-LARGEST_INT - 1, most=LARGEST_INT),
    )


def _state(value: Json) -> RunState:
    name = as_text(value, "a run's state")
    if name not in RunState.__members__:
        raise refuse("a run's state", "one that is known")
    return RunState[name]


def write_samples(body: Samples) -> Object:
    """Rows of numbers as they are. ValueError for numbers that are not finite."""
    entity = [*body.carrier.split("/"), "0"] if body.carrier else []
    found: Object = {"id": body.run_id, "entity": entity, "data": body.values.tolist()}
    return found | ({"state": _FINAL} if body.is_final else {})


def read_samples(msg: Object) -> Samples:
    """Samples of one carrier, a row for each. The dialect does not count messages, nor name
    probes: those of the result are the columns' numbers."""
    values = _matrix(msg.get("data"))
    return Samples(
        run_id=as_text(msg.get("id"), "a run's id", _LONGEST_ID),
        chunk=None,
        carrier=_carrier(msg.get("entity")),
        probes=tuple(range(values.shape[1])),
        values=values,
        is_final=msg.get("state") == _FINAL,
    )


def _carrier(value: Json) -> str:
    """The first segment of the path: samples are of a carrier, whatever cluster is named."""
    segments = as_list(value, "the samples' entity", _DEEPEST_PATH)
    return as_text(segments[0], "an entity", _LONGEST_PATH).strip("/") if segments else ""


def _matrix(value: Json) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The numbers, (rows, columns). A single flat row is one sample."""
    rows = as_list(value, "the samples", MAX_ROWS)
    if rows and not isinstance(rows[0], list):
        rows = [rows]
    if not all(isinstance(row, list) for row in rows):
        raise refuse("a row of samples", "a list")
    widths = {len(row) for row in rows}
    if len(widths) > 1 or max(widths, default=0) > _WIDEST:
        raise refuse("the samples' rows", f"of one length up to {_WIDEST}")
    width = widths.pop() if widths else 0
    if not set(map(type, chain.from_iterable(rows))) <= {float, int}:
        raise refuse("a sample", "a number")
    try:
        values = np.array(rows, dtype=np.float64).reshape(len(rows), width)
    except OverflowError:
        raise refuse("a sample", "a finite number") from None
    if not np.isfinite(values).all():
        raise refuse("a sample", "a finite number")
    return values


def write_overloads(body: Overloads) -> Object:
    """Flags nested by entity, as the hardware tree is, and whether there are any at all."""
    tree: Object = {"overload": body.any_overload}
    for path, index in body.elements:
        node = tree
        segments = path.split("/")
        for segment in segments[:-1]:
            node = node.setdefault(f"/{segment}", {})
        flags = node.setdefault(f"/{segments[-1]}", [])
        flags.extend([False] * (index + 1 - len(flags)))
        flags[index] = True
    return tree


def read_overloads(msg: Object) -> Overloads:
    """The flags that are set, in whatever lists they come: no public source shows the form that
    firmware uses."""
    found = tuple(_flags(msg, "", 1))
    if len(found) > _MOST_ELEMENTS:
        raise ProtocolError("The device reports more overloaded elements than it can have.")
    elements = tuple(one for one in found if one[0])
    return Overloads(any_overload=bool(found), elements=elements)


def _flags(node: Json, path: str, depth: int) -> list[tuple[str, int]]:
    """(Path, index) of what is true below a node; a lone flag has the index 0."""
    if depth > _DEEPEST_PATH:
        raise ProtocolError("The device reports overloads in a tree that is too deep.")
    if node is True:
        return [(path, 0)]
    if isinstance(node, list):
        return [(path, index) for index, flag in enumerate(node) if flag is True]
    if not isinstance(node, dict):
        return []
    found = list[tuple[str, int]]()
    for key, value in node.items():
        name = as_text(key, "an entity", _LONGEST_PATH).strip("/")
        below = f"{path}/{name}".strip("/") if key != "overload" else path
        found += _flags(value, below, depth + 1)
    return found
