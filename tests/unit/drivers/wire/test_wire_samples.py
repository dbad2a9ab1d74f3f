"""Blocks of samples: all number types, gains, layouts, and blocks that lie about themselves."""

from __future__ import annotations

import math
import struct
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from drivers.apb import analog_pb2 as apb
from drivers.errors import ProtocolError
from drivers.wire import device_pb2 as pb
from drivers.wire.samples import MAX_CHANNELS, MAX_PROBE, read_block, read_final, write_block
from tests.wire_messages import ramp

F32: Final = pb.DataType(float_=pb.FloatType(bitwidth=32))
SIGNED: Final = pb.IntegerType.Signed
UNSIGNED: Final = pb.IntegerType.Unsigned
# Any: numbers that are none of an enum's are allowed on the wire.
NO_SUCH: Final[Any] = 9


def integer(bits: int, signess: pb.IntegerType.Signedness = SIGNED) -> pb.DataType:
    return pb.DataType(integer=pb.IntegerType(bitwidth=bits, signess=signess))


def channels(number: int) -> list[apb.AdcChannel]:
    return [apb.AdcChannel(idx=at, gain=1.0, probe=at) for at in range(number)]


def block(
    code: str = "<4f",
    values: tuple[float, ...] = (0.5, 0.25, -0.5, 0.125),
    kind: pb.DataType = F32,
    width: int = 2,
    stride: int = 2,
    count: int = 2,
) -> pb.DaqData:
    return pb.DaqData(
        data=struct.pack(code, *values),
        type=kind,
        channels=channels(width),
        sample_count=count,
        channel_stride=stride,
    )


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("<4f", F32),
        ("<4d", pb.DataType(float_=pb.FloatType(bitwidth=64))),
    ],
)
def test_floats(code: str, kind: pb.DataType) -> None:
    probes, values = read_block(block(code, kind=kind))
    assert probes == (0, 1)
    assert values.dtype == np.float64
    assert values.tolist() == [[0.5, 0.25], [-0.5, 0.125]]
    assert not values.flags.writeable


@pytest.mark.parametrize(
    ("code", "kind", "lowest", "highest"),
    [
        ("<4h", integer(16), -(2**15), 2**15 - 1),
        ("<4i", integer(32), -(2**31), 2**31 - 1),
        ("<4H", integer(16, UNSIGNED), 0, 2**16 - 1),
        ("<4I", integer(32, UNSIGNED), 0, 2**32 - 1),
    ],
)
def test_integers(code: str, kind: pb.DataType, lowest: int, highest: int) -> None:
    _, values = read_block(block(code, (lowest, highest, 1, 2), kind))
    assert values.tolist() == [[lowest, highest], [1, 2]]


def test_integers_are_signed_unless_said_otherwise() -> None:
    _, values = read_block(block("<4h", (-1, -2, -3, -4), integer(16)))
    assert values[0, 0] == -1.0


def test_gain_and_offset_of_each_channel() -> None:
    one = block("<4h", (0, 16_383, 8_191, 4), integer(16))
    one.channels[0].gain, one.channels[0].offset = -2.5 / 16_383, 1.25
    one.channels[1].gain, one.channels[1].offset = 2.0, -1.0
    _, values = read_block(one)
    assert values[0].tolist() == [1.25, 32_765.0]
    assert values[1] == pytest.approx([1.25 - 2.5 * 8_191 / 16_383, 7.0])


def test_surplus_columns_are_left_out() -> None:
    three = block("<8f", tuple(range(8)), width=3, stride=4)
    _, values = read_block(three)
    assert values.tolist() == [[0, 1, 2], [4, 5, 6]]


def test_surplus_bytes_are_left_out() -> None:
    _, values = read_block(block(count=1))
    assert values.tolist() == [[0.5, 0.25]]


def test_probes_are_those_of_the_list_whatever_the_index() -> None:
    one = block()
    one.channels[0].idx, one.channels[1].idx = 7, 3
    one.channels[0].probe, one.channels[1].probe = 5, 2
    probes, values = read_block(one)
    assert probes == (5, 2)
    assert values[0].tolist() == [0.5, 0.25]


def test_no_samples() -> None:
    probes, values = read_block(block("<0f", (), count=0))
    assert probes == (0, 1)
    assert values.shape == (0, 2)


@pytest.mark.parametrize(
    "kind",
    [
        pb.DataType(),
        pb.DataType(float_=pb.FloatType(bitwidth=16)),
        pb.DataType(float_=pb.FloatType()),
        integer(8),
        integer(24),
        integer(64),
        integer(16, NO_SUCH),
    ],
)
def test_number_types_that_are_not_known(kind: pb.DataType) -> None:
    with pytest.raises(ProtocolError, match="number type that is not known"):
        read_block(block(kind=kind))


@pytest.mark.parametrize(("stride", "count"), [(2, 3), (4, 2), (2**32 - 1, 2**32 - 1), (3, 2**31)])
def test_too_short_data(stride: int, count: int) -> None:
    with pytest.raises(ProtocolError, match=rf"announced {count} samples.* sent 16"):
        read_block(block(stride=stride, count=count))


@pytest.mark.parametrize("stride", [0, 1])
def test_rows_that_are_too_narrow(stride: int) -> None:
    with pytest.raises(ProtocolError, match=f"2 channels in rows of {stride}"):
        read_block(block(stride=stride))


@pytest.mark.parametrize("width", [0, MAX_CHANNELS + 1])
def test_impossible_numbers_of_channels(width: int) -> None:
    with pytest.raises(ProtocolError, match="channels"):
        read_block(block(width=width, stride=width, count=0))


@pytest.mark.parametrize("probe", [0, MAX_PROBE + 1])
def test_impossible_probes(probe: int) -> None:
    one = block()
    one.channels[1].probe = probe
    with pytest.raises(ProtocolError, match=f"probe numbers: 0, {probe}"):
        read_block(one)


def test_a_channel_without_gain_would_be_silent() -> None:
    one = block()
    one.channels[1].gain = 0.0
    with pytest.raises(ProtocolError, match="without gain"):
        read_block(one)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_values_that_no_converter_delivers(wrong: float) -> None:
    with pytest.raises(ProtocolError, match="not finite"):
        read_block(block(values=(0, 0, 0, wrong)))
    for name in ("gain", "offset"):
        one = block()
        setattr(one.channels[0], name, wrong)
        with pytest.raises(ProtocolError, match="not finite"):
            read_block(one)


def test_a_product_that_leaves_the_numbers() -> None:
    one = block("<4d", (1e300, 1, 1, 1), pb.DataType(float_=pb.FloatType(bitwidth=64)))
    one.channels[0].gain = 1e300
    with pytest.raises(ProtocolError, match="not finite"):
        read_block(one)


def test_surplus_columns_may_hold_anything() -> None:
    _, values = read_block(block("<4f", (1, 2, 3, math.nan), width=3, stride=4, count=1))
    assert values.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize("width", [1, 2, 3, 8, 16, 20])
def test_final_sample_of_each_channel(width: int) -> None:
    """The layout of the vendor's mock device, and ours."""
    stride = 1 << (width - 1).bit_length()
    one = block(f"<{stride}f", tuple(range(stride)), width=width, stride=stride, count=1)
    probes, values = read_final(one)
    assert probes == tuple(range(width))
    assert values.tolist() == [list(range(width))]


@pytest.mark.parametrize("outputs", [16, 48])
def test_final_sample_of_each_output(outputs: int) -> None:
    """The layout that the vendor's client understands: a value for each M-block output."""
    one = block(f"<{outputs}f", tuple(range(outputs)), width=3, stride=outputs, count=1)
    for channel, output in zip(one.channels, (8, 0, 15), strict=True):
        channel.idx = output
    one.channels[1].gain, one.channels[1].offset = 2.0, 0.5
    probes, values = read_final(one)
    assert probes == (0, 1, 2)
    assert values.tolist() == [[8.0, 0.5, 15.0]]


def test_final_sample_of_an_output_that_is_not_there() -> None:
    one = block("<16f", (0,) * 16, width=1, stride=16, count=1)
    one.channels[0].idx = 16
    with pytest.raises(ProtocolError, match="output 16 of 16"):
        read_final(one)


def test_final_sample_without_channels_belongs_to_nobody() -> None:
    probes, values = read_final(block("<16f", (0,) * 16, width=0, stride=16, count=1))
    assert probes == ()
    assert values.shape == (1, 0)


@given(
    values=hnp.arrays(
        np.float32,
        st.tuples(st.integers(0, 20), st.integers(1, MAX_CHANNELS)),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    ),
    data=st.data(),
)
def test_what_is_written_comes_back(values: np.ndarray[Any, Any], data: st.DataObject) -> None:
    width = values.shape[1]
    probes = data.draw(st.lists(st.integers(0, 99), min_size=width, max_size=width, unique=True))
    written = write_block(probes, values.astype(np.float64))
    assert written.channel_stride in (1, 2, 4, 8, 16, 32, 64)
    for read in (read_block, read_final):
        found, again = read(written)
        assert found == tuple(probes)
        assert (again == values).all()


def test_one_probe_for_each_column() -> None:
    with pytest.raises(ValueError, match="3 columns of samples and 2 probes"):
        write_block((0, 1), ramp(1, 3))


@pytest.mark.parametrize("wrong", [1e39, math.inf, math.nan])
def test_values_that_float32_cannot_hold(wrong: float) -> None:
    with pytest.raises(ValueError, match="float32"):
        write_block((0,), np.array([[wrong]]))
