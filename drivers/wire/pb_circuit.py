"""Modules within messages: the same items as in a circuit file, with the same limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from drivers.apb import analog_pb2 as apb
from drivers.apb.codec import decode, encode
from drivers.apb.errors import CircuitFileError
from drivers.apb.items import CircuitFile, Rest
from drivers.apb.wire import field, fields
from drivers.errors import ProtocolError

_VERSION: Final = field(
    apb.File.VERSION_FIELD_NUMBER, apb.Version(minor=1).SerializeToString(deterministic=True)
)


def read_module(module: apb.Module) -> CircuitFile:
    """The items of a module; none is no error here. ProtocolError when one cannot be read or the
    module breaks a limit of circuit files."""
    if not module.items:
        return CircuitFile(items=())
    data = _VERSION + field(apb.File.MODULE_FIELD_NUMBER, module.SerializeToString())
    try:
        return CircuitFile(items=decode(data).items)
    except CircuitFileError as error:
        raise ProtocolError(f"The message holds a circuit that cannot be read: {error}") from error


def write_module(circuit: CircuitFile) -> apb.Module:
    """The items alone: no version, no scaling, nothing that a file may hold besides."""
    bare = encode(replace(circuit, version=None, scaling=None, rest=Rest()))
    module = apb.Module()
    for _, _, start, stop in fields(bare):
        module.MergeFromString(bare[start:stop])
    return module
