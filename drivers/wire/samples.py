"""Blocks of samples (DaqData) between their bytes and arrays in machine units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from drivers.apb import analog_pb2 as apb
from drivers.errors import ProtocolError
from drivers.wire import device_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

MAX_CHANNELS: Final = 64
"""Channels of one block; a carrier has eight converters."""
MAX_PROBE: Final = 4095
_MOST_CONVERTERS: Final = 8
_OUTPUTS: Final = 16
"""M-block outputs of one cluster: blocks of as many columns or more are not one per converter."""

_FLOATS: Final[Mapping[int, str]] = {32: "<f4", 64: "<f8"}
_INTEGERS: Final[Mapping[tuple[int, int], str]] = {
    (pb.IntegerType.Signed, 16): "<i2",
    (pb.IntegerType.Signed, 32): "<i4",
    (pb.IntegerType.Unsigned, 16): "<u2",
    (pb.IntegerType.Unsigned, 32): "<u4",
}


def read_block(block: pb.DaqData) -> tuple[tuple[int, ...], NDArray[np.float64]]:
    """The probe number of each column and the values, (samples, channels) in machine units.

    ProtocolError for an unknown element type, a block without channels, too short data, two
    channels of one probe, a channel without gain, and values that no converter can deliver.
    """
    probes = _probes(block)
    return probes, _scaled(block, _raw(block)[:, : len(probes)])


def read_final(block: pb.DaqData) -> tuple[tuple[int, ...], NDArray[np.float64]]:
    """The one sample after OP: a value for each channel, or for each M-block output of the carrier,
    from which those of the channels are picked by their output number.

    Without channels nobody can tell whose values they are: no columns then.
    """
    if not block.channels:
        return (), np.zeros((1, 0))
    probes = _probes(block)
    raw = _raw(block)
    stride = raw.shape[1]
    if stride < _OUTPUTS or len(probes) > _MOST_CONVERTERS:
        return probes, _scaled(block, raw[:, : len(probes)])
    outputs = [one.idx for one in block.channels]
    if max(outputs) >= stride:
        raise ProtocolError(f"A channel measures output {max(outputs)} of {stride}.")
    return probes, _scaled(block, raw[:, outputs])


def write_block(probes: Sequence[int], values: NDArray[np.float64]) -> pb.DaqData:
    """``values`` (samples, channels) as float32, a power of two of columns, gain 1.

    ValueError when there is not one probe for each column or float32 cannot hold a value.
    """
    count, width = values.shape
    if width != len(probes):
        raise ValueError(f"{width} columns of samples and {len(probes)} probes")
    stride = 1 << max(0, width - 1).bit_length()
    data = np.zeros((count, stride), dtype="<f4")
    with np.errstate(over="ignore"):  # looked for just below
        data[:, :width] = values
    if not np.isfinite(data).all():
        raise ValueError("a sample is not a number that float32 can hold")
    return pb.DaqData(
        data=data.tobytes(),
        type=pb.DataType(float_=pb.FloatType(bitwidth=32)),
        channels=[
            apb.AdcChannel(idx=column, gain=1.0, probe=probe) for column, probe in enumerate(probes)
        ],
        sample_count=count,
        channel_stride=stride,
    )


def _element_type(kind: pb.DataType) -> np.dtype[np.generic]:
    name = kind.WhichOneof("kind")
    found: str | None = None
    if name == "float_":
        found = _FLOATS.get(kind.float_.bitwidth)
    elif name == "integer":
        found = _INTEGERS.get((kind.integer.signess, kind.integer.bitwidth))
    if found is None:
        bits = (kind.float_ if name == "float_" else kind.integer).bitwidth
        raise ProtocolError(
            "The device sent samples of a number type that is not known "
            f"({(name or 'none').rstrip('_')}, {bits} bits)."
        )
    return np.dtype(found)


def _probes(block: pb.DaqData) -> tuple[int, ...]:
    if not block.channels:
        raise ProtocolError("The device sent samples without saying of which channels.")
    if len(block.channels) > MAX_CHANNELS:
        raise ProtocolError(
            f"The device sent samples of {len(block.channels)} channels in one block; at most "
            f"{MAX_CHANNELS} are accepted."
        )
    probes = tuple(one.probe for one in block.channels)
    if len(set(probes)) < len(probes) or max(probes) > MAX_PROBE:
        raise ProtocolError(
            "The device sent samples with impossible probe numbers: "
            f"{', '.join(map(str, probes[:8]))}."
        )
    return probes


def _raw(block: pb.DaqData) -> NDArray[np.generic]:
    """All columns as they came, (samples, stride). Nothing is allocated before the sizes agree."""
    kind = _element_type(block.type)
    count, stride = block.sample_count, block.channel_stride
    if stride < len(block.channels):
        raise ProtocolError(
            f"The device sent samples of {len(block.channels)} channels in rows of {stride}."
        )
    if count == 0:
        return np.zeros((0, len(block.channels)), dtype=kind)
    needed = stride * count * kind.itemsize
    if len(block.data) < needed:
        raise ProtocolError(
            f"The device announced {count} samples, {needed} bytes, and sent {len(block.data)}."
        )
    return np.frombuffer(block.data, dtype=kind, count=stride * count).reshape(count, stride)


def _scaled(block: pb.DaqData, raw: NDArray[np.generic]) -> NDArray[np.float64]:
    gain = np.array([one.gain for one in block.channels])
    if not gain.all():
        raise ProtocolError(
            "The device sent samples of a channel without gain. Firmware before 2.0.5 does so: "
            "please update it."
        )
    offset = np.array([one.offset for one in block.channels])
    with np.errstate(over="ignore", invalid="ignore"):  # looked for just below
        values: NDArray[np.float64] = raw.astype(np.float64) * gain + offset
    if not np.isfinite(values).all():
        raise ProtocolError("The device sent samples that are not finite numbers.")
    values.setflags(write=False)
    return values
