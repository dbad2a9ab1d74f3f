"""Names of simulated elements in the words of the program."""

from __future__ import annotations

from appliance.compiler.front import read_program
from appliance.compiler.labels import element_labels
from appliance.compiler.search import find_circuit
from appliance.compiler.target import read_target
from appliance.descriptions import lucidac
from drivers.apb.circuit import assemble
from drivers.apb.codec import decode
from sim.netlist import build
from tests.unit.appliance.compiler.programs import program

SOURCE = program(
    "let diff[x, t, t](t) = -x(t) - 0.5*x(t)*diff[x, t](t);",
    "let x(t: 0) = 0.5;",
    "let g(t) = x(t) + diff[x, t](t);",
    "probe g(t);",
)


def test_every_element_of_the_circuit_has_a_label() -> None:
    found = find_circuit(read_program(SOURCE), read_target(lucidac()), None, 5.0)
    labels = element_labels(found.layout)
    netlist = build(assemble(decode(found.data)))
    named = {name.split("/")[-1]: labels.get(name) for name in netlist.names}
    assert named["M0 integrator 0"] == "x"
    assert named["M0 integrator 1"] == "x'"
    assert labels.keys() <= set(netlist.names)
    assert sorted(labels.values())[:2] == ["the product at 3:40", "the sum for 6:7"]
