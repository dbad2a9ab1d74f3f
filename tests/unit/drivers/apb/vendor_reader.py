"""Lets the vendor's client read circuit files and write them again. Run as a program.

Arguments: the class of the machine (LUCIDAC or REDAC) and files. Prints, for each file, the items
that it writes as [entity, kind, bytes in hex]. A process of its own for each class, because the
vendor's router keeps tables for the whole process.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

# Any: the vendor's package has no types that could be relied on.
Vendor = Any


def main(machine: str, paths: list[str]) -> None:
    from pybrid.base.proto import main_pb2
    from pybrid.lucidac.computer import LUCIStack
    from pybrid.redac.computer import REDAC

    for path in paths:
        computer = LUCIStack() if machine == "LUCIDAC" else REDAC()
        file = main_pb2.File.FromString(Path(path).read_bytes())
        _add_carriers(computer, file.module)
        computer.get_deserializer()(computer).deserialize(file.module)
        module = computer.get_serializer()().serialize(computer)
        print(json.dumps([_row(item) for item in module.items]))


def _add_carriers(computer: Vendor, module: Vendor) -> None:
    """What the client's controller does when it meets a machine."""
    from pybrid.lucidac.protocol.serializer import LUCIDACDeserializer
    from pybrid.redac.entities import Path as EntityPath

    reader = LUCIDACDeserializer()
    for item in module.items:
        if item.HasField("entity_specification"):
            entity = item.entity_specification.entity
            root = reader.deserialize_specification(entity, EntityPath.parse(entity.id.strip("/")))
            for carrier in getattr(root, "carriers", [root]):
                computer.add_carrier(carrier)


def _row(item: Vendor) -> list[str]:
    kind = item.WhichOneof("kind")
    payload = getattr(item, kind).SerializeToString(deterministic=True)
    return [item.entity.path.lstrip("/"), kind, payload.hex()]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
