"""The vendor's client for firmware 2.x, unmodified, against our virtual devices."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import trio

from drivers.apb.codec import decode, encode
from drivers.apb.items import CircuitFile
from drivers.apb.machine import machine_of
from sim.virtual.faults import load_faults
from sim.virtual.hardware import redac
from sim.virtual.server import UdpSender, VirtualOptions
from tests.peers.processes import need, peer, program, run_program
from tests.peers.recipes import RECIPES
from tests.peers.references import LUCIDAC, MDR, golden
from tests.peers.virtual import virtual
from tests.virtual_network import harmonic

if TYPE_CHECKING:
    from pathlib import Path

    from drivers.apb.model import Entity

    Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

need("pybrid")

LIMIT_S = 60.0
NEAR = 1e-5
BY_TCP = '[[fault]]\nwhat = "refuse_udp"\ncount = 0\n'
WAYS = pytest.mark.parametrize(
    "script", [pytest.param("", id="udp"), pytest.param(BY_TCP, id="tcp")]
)


def options(machine: CircuitFile, script: str) -> VirtualOptions:
    return VirtualOptions(description=machine, port=0, faults=load_faults(script))


@pytest.fixture
def datagrams(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of all datagrams that virtual devices send."""
    sizes = list[int]()
    send = UdpSender.send

    async def counted(self: UdpSender, data: bytes, port: int, **options: bool) -> None:
        sizes.append(len(data))
        await send(self, data, port, **options)

    monkeypatch.setattr(UdpSender, "send", counted)
    return sizes


def compare(name: str, table: Array) -> None:
    """Assert that no sample (samples, probes) is missing or far from the reference solution."""
    solution = golden(name).solution
    assert table.shape == solution.shape, name
    assert np.abs(table - solution).max() <= NEAR, name


async def use_python(port: int, recipes: list[str], modules: list[str]) -> Any:  # noqa: ANN401
    known = {name: golden(name) for name in {*recipes, *modules}}
    order = {
        "port": port,
        "recipes": recipes,
        "modules": [str(known[name].path) for name in modules],
        "times": {name: (one.op_ns, one.rate) for name, one in known.items()},
    }
    found = await run_program(program("use_pybrid"), order, LIMIT_S)
    assert list(found["built"]) == recipes
    assert list(found["sent"]) == modules
    for name, told in [*found["built"].items(), *found["sent"].items()]:
        assert told["state"] == "DONE"
        compare(name, np.array(told["data"]).T)
    return found


@WAYS
async def test_python_interfaces_and_a_lucidac(script: str, datagrams: list[int]) -> None:
    async with virtual(options(golden("decay").machine, script)) as port:
        found = await use_python(port, list(RECIPES), LUCIDAC[3:5] if script else LUCIDAC)
    assert found["carriers"] == ["04-E9-E5-15-87-A0"]
    assert (len(datagrams) > 100) is (script == "")


@WAYS
async def test_python_and_an_mredac(script: str, datagrams: list[int]) -> None:
    machine = golden(MDR).machine
    async with virtual(options(machine, script)) as port:
        found = await use_python(port, [], [MDR])
    assert found["carriers"] == [one_board(machine).path]
    assert bool(datagrams) is (script == "")


def one_board(description: CircuitFile) -> Entity:
    """The only carrier. Where it sits is left out: the client makes that up."""
    (board,) = machine_of(description).carriers
    return replace(board, location=None)


@WAYS
async def test_python_and_a_redac_of_which_one_carrier_is_idle(script: str, tmp_path: Path) -> None:
    """The client waits for all carriers, whatever they are asked for."""
    boards = [one.path for one in machine_of(redac(3)).carriers]
    halves = [harmonic(one, first_probe=2 * n) for n, one in enumerate(boards[:2])]
    path = tmp_path / "two.apb"
    path.write_bytes(encode(CircuitFile(items=tuple(i for one in halves for i in one.items))))
    order = {"recipes": [], "modules": [str(path)], "times": {"two": (2_000_000, 50_000)}}
    async with virtual(options(redac(3), script)) as port:
        found = await run_program(program("use_pybrid"), {**order, "port": port}, LIMIT_S)
    assert found["carriers"] == boards
    t = np.arange(100) / 50_000
    wanted = 0.5 * np.array([np.cos(1e4 * t), -np.sin(1e4 * t)])
    assert np.abs(np.array(found["sent"]["two"]["data"]) - np.tile(wanted, (2, 1))).max() <= NEAR


async def pybrid(port: int, kind: str, *words: str) -> str:
    """What the vendor's command line prints."""
    command = [sys.executable, "-m", "pybrid.cli.base", kind, "-h", "127.0.0.1", "-p", str(port)]
    with trio.fail_after(LIMIT_S):
        done = await trio.run_process(
            [*command, *words], capture_stdout=True, capture_stderr=True, check=False
        )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return done.stdout.decode()


async def run_by_command(port: int, kind: str, name: str, folder: Path) -> None:
    known, data = golden(name), folder / "data.dat"
    times = ["--op-time", str(known.op_ns / 1e9), "--sample-rate", str(known.rate)]
    await pybrid(port, kind, "--reset", "run", *times, "-c", str(known.path), "-o", str(data))
    compare(name, np.loadtxt(data, ndmin=2)[:, 1:])


@WAYS
async def test_command_and_a_lucidac(script: str, datagrams: list[int], tmp_path: Path) -> None:
    async with virtual(options(golden("lorenz").machine, script)) as port:
        await run_by_command(port, "lucidac", "lorenz", tmp_path)
    assert bool(datagrams) is (script == "")


async def test_command_and_an_mredac(tmp_path: Path) -> None:
    async with virtual(options(golden(MDR).machine, "")) as port:
        await run_by_command(port, "redac", MDR, tmp_path)


async def test_command_describes(tmp_path: Path) -> None:
    saved, machine = tmp_path / "saved.apb", golden("decay").machine
    async with virtual(options(machine, "")) as port:
        await pybrid(port, "lucidac", "extract", "--export", str(saved))
    assert one_board(decode(saved.read_bytes())) == one_board(machine)


async def test_command_against_command(tmp_path: Path) -> None:
    """Ours in a process of its own, which computes in another one."""
    entity = tmp_path / "entity.apb"
    entity.write_bytes(encode(golden("harmonic").machine))
    ours = [sys.executable, "-m", "appliance", "virtual-device", "--type", "lucidac"]
    async with peer([*ours, "--port", "0", "--entity", str(entity)]) as process:
        port = int((await process.line()).rpartition(":")[2])
        await run_by_command(port, "lucidac", "harmonic", tmp_path)
