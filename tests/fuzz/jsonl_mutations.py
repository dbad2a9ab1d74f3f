"""Damaged lines of the JSONL dialect: seeded changes of sound ones, in bytes and in structure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from drivers.apb.circuit import to_items
from drivers.apb.items import CircuitFile
from drivers.wire import messages as ms
from drivers.wire.jsonl import encode
from tests.machines import LUCIDAC, harmonic

if TYPE_CHECKING:
    import random

# Any: what JSON holds is told apart at run time only.
Json = Any

_RUN: Final = "0b8c2e9c-55f3-4b64-8e0a-1f0e0c2d4a61"
_PIECES: Final = (
    b"\x00",
    b"\xff",
    b"\n",
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"-",
    b"NaN",
    b"Infinity",
    b"1e999",
    b"9" * 400,
    b"9" * 5000,
    b"\\ud800",
    b"null",
    b"true",
    b"[" * 2000,
    b'{"a":' * 2000,
)
_VALUES: Final[tuple[Json, ...]] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    0.1,
    -0.1,
    15,
    16,
    31,
    32,
    2**31,
    2**32,
    2**63,
    10**400,
    1e39,
    1e308,
    "",
    "/",
    "OP_END",
    "DONE",
    "X/0",
    "\ud800",
    "x" * 5000,
    [],
    {},
    [[]],
    [[1.0]],
    [True],
    {"/0": {}},
    {"class": 1},
)
_KINDS: Final = (
    "ping",
    "get_entities",
    "reset_circuit",
    "set_circuit",
    "start_run",
    "stop_run",
    "overload_status",
    "run_data",
    "run_state_change",
    "log",
    "x",
)


def seeds() -> list[bytes]:
    """One sound line of each kind, as our side and as the peers write them."""
    bodies: list[ms.Body] = [
        ms.Ping(),
        ms.Pong(micros=5),
        ms.Extract(),
        ms.Described(description=LUCIDAC),
        ms.Reset(keep_calibration=False),
        ms.ResetDone(),
        ms.Configure(circuit=CircuitFile(items=to_items(harmonic()))),
        ms.Configured(),
        ms.StartRun(run_id=_RUN, ic_time_ns=9, op_time_ns=9, channels=2, sample_rate=1000),
        ms.RunAccepted(),
        ms.StopRun(),
        ms.Accepted(),
        ms.GetOverloads(),
        ms.Overloads(any_overload=True, elements=(("X/0/M0", 3), ("X/0/M1", 0))),
        ms.Failed(text="No"),
        ms.StateChanged(run_id=_RUN, old=ms.RunState.NEW, new=ms.RunState.DONE, time_ns=1),
        ms.Samples(run_id=_RUN, chunk=None, carrier="X", probes=(0, 1), values=np.ones((8, 2)) / 3),
    ]
    lines = [encode(ms.Message(id="a", body=body)).strip() for body in bodies]
    return [
        *lines,
        b'{"type":"run_data","msg":{"id":"a","entity":["X","0"],"data":[[ 0.500],[-1.250]]}}',
        b'{"type":"run_data","msg":{"id":"a","state":"OP_END","data":[[0.1,0.2]]},"code":0}',
        b'{"type":"start_run","msg":{},"code":0}',
        b'{"id":"a","type":"set_circuit","msg":null,"code":0}',
        b'{"type":"log","count":1,"time":2,"msg":"Booting"}',
        b'{"msg":{},"error":"Cannot read message","code":-2}',
    ]


def mutate(rng: random.Random, lines: list[bytes]) -> bytes:
    """One damaged line."""
    line = rng.choice(lines)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        line = _restructure(rng, line) if rng.random() < 0.6 else _damage(rng, line, lines)
    return line


def _damage(rng: random.Random, line: bytes, lines: list[bytes]) -> bytes:
    start = rng.randrange(len(line) + 1)
    stop = min(len(line), start + rng.choice((1, 2, 4, 16, 64, 1024)))
    match rng.randrange(6):
        case 0:
            return line[:start]
        case 1:
            return line[:start] + line[stop:]
        case 2:
            return line[:stop] + line[start:stop] * rng.choice((1, 2, 50)) + line[stop:]
        case 3:
            other = rng.choice(lines)
            return line[:start] + other[rng.randrange(len(other) + 1) :]
        case 4:
            return line[:start] + rng.choice((*_PIECES, rng.randbytes(5))) + line[start:]
    damaged = bytearray(line)
    for _ in range(rng.randint(1, 6) if damaged else 0):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def _restructure(rng: random.Random, line: bytes) -> bytes:
    """Values changed where the line still is JSON, so that what comes after parsing is reached."""
    try:
        root = json.loads(line)
    except (ValueError, RecursionError):
        return line
    for _ in range(rng.randint(1, 3)):
        if isinstance(root, dict):
            _change(rng, root)
    try:
        return json.dumps(root).encode()
    except (ValueError, RecursionError):  # ValueError: an integer of too many digits
        return line


def _change(rng: random.Random, root: dict[str, Json]) -> None:
    """Set, drop, repeat or wrap one value somewhere below."""
    node: Json = root
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = rng.choice(keys)
        below = node[key]
        if isinstance(below, dict | list) and below and rng.random() < 0.8:
            node = below
            continue
        break
    _replace(rng, node, key)


def _replace(rng: random.Random, node: Json, key: Json) -> None:
    match rng.randrange(6):
        case 0:
            del node[key]
        case 1 if isinstance(node, list):
            node.extend([node[key]] * rng.choice((1, 3, 40)))
        case 1:
            node[rng.choice(("/0", "/M0", "code", "error", "class", "x"))] = node[key]
        case 2:
            node[key] = [node[key]]
        case 3 if key == "type":
            node[key] = rng.choice(_KINDS)
        case _:
            node[key] = rng.choice(_VALUES)
