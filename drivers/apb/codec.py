"""Circuit files between bytes and typed items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError

from drivers.apb import analog_pb2 as pb
from drivers.apb.entities import EntityBudget, carriers, device_class, normalise
from drivers.apb.errors import refuse
from drivers.apb.items import CircuitFile, Config, Item, Opaque, Rest
from drivers.apb.kinds import BY_NAME, BY_RECORD
from drivers.apb.model import ProbeScaling, Scaling
from drivers.apb.scan import MAX_FILE_BYTES, SCALING_FIELD, Parts, scan
from drivers.apb.wire import field

__all__ = ["MAX_FILE_BYTES", "CircuitFile", "Item", "Peek", "decode", "encode", "peek"]

_SPECIFICATION: Final = "entity_specification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peek:
    """What can be said of a file at little cost. ``device_class`` is LUCIDAC or REDAC, None where
    the file does not describe its machine; ``adc_channels`` counts those of all carriers,
    ``carrier_channels`` those of the carrier that has most."""

    version: tuple[int, int, int] | None
    items: int
    has_configuration: bool
    device_class: str | None
    adc_channels: int
    carrier_channels: int
    warnings: tuple[str, ...]

    @property
    def has_specification(self) -> bool:
        return self.device_class is not None


def peek(data: bytes) -> Peek:
    """The cheap checks, for a caller who has to answer at once: limits, schema version, a module
    that is there and not empty, and the class of the machine. Raises CircuitFileError."""
    parts = _parts(data)
    version, warnings = _read_version(parts.version or b"")
    messages = [_parse(item, number) for number, item in enumerate(parts.items)]
    kinds = [message.WhichOneof("kind") for message in messages]
    budget = EntityBudget()
    trees = tuple(
        _read_item(message, parts.items[number], budget)
        for number, message in enumerate(messages)
        if kinds[number] == _SPECIFICATION
    )
    boards = carriers(CircuitFile(items=trees))
    channels = [len(message.adc_config.channels) for message in messages]
    return Peek(
        version=version,
        items=len(messages),
        has_configuration=len(trees) < len(messages),
        device_class=device_class(boards) if boards else None,
        adc_channels=sum(channels),
        carrier_channels=max(channels, default=0),
        warnings=warnings,
    )


def decode(data: bytes) -> CircuitFile:
    """The typed items of a file.

    Raises CircuitFileError for bytes that are no circuit file of schema 0.1, break a limit, or have
    no items. What the items say is not checked here: see ``drivers.apb.circuit.assemble``.
    """
    parts = _parts(data)
    version, warnings = _read_version(parts.version or b"")
    budget = EntityBudget()
    return CircuitFile(
        version=version,
        items=tuple(
            _read_item(_parse(item, number), item, budget)
            for number, item in enumerate(parts.items)
        ),
        scaling=None if parts.scaling is None else _read_scaling(parts.scaling),
        warnings=warnings,
        rest=Rest(
            version=parts.version or b"",
            scaling=parts.scaling or b"",
            file=parts.file_rest,
            module=parts.module_rest,
        ),
    )


def encode(file: CircuitFile) -> bytes:
    """The bytes of a file. What was not changed since ``decode`` is written as it was read,
    unknown fields and items included."""
    module = [field(pb.Module.ITEMS_FIELD_NUMBER, _write_item(item)) for item in file.items]
    module.append(file.rest.module)
    if file.scaling is not None:
        module.append(field(SCALING_FIELD, _write_scaling(file.scaling, file.rest.scaling)))
    version = _write_version(file.version, file.rest.version)
    return b"".join(
        (
            field(pb.File.VERSION_FIELD_NUMBER, version) if version else b"",
            field(pb.File.MODULE_FIELD_NUMBER, b"".join(module)),
            file.rest.file,
        )
    )


def _parts(data: bytes) -> Parts:
    parts = scan(data)
    if not parts.module:
        message = (
            "The file has no module. A circuit file holds a version and a module, as the machines' "
            "own tools save it; a module alone is not enough."
        )
        raise refuse("no-module", message)
    if not parts.items:
        raise refuse("empty-module", "The module of this file has no items.")
    return parts


def _read_version(data: bytes) -> tuple[tuple[int, int, int] | None, tuple[str, ...]]:
    """The version, None when it is missing or all zero, and what to warn about."""
    try:
        message = pb.Version.FromString(data)
    except DecodeError as error:
        raise refuse("damaged", "The version of the file cannot be read.") from error
    version = message.major, message.minor, message.patch
    if version == (0, 0, 0):
        return None, ("The file has no schema version; it is read as version 0.1.0.",)
    if version[:2] != (0, 1):
        dotted = ".".join(map(str, version))
        text = f"The file has schema version {dotted}; only 0.1 can be read."
        raise refuse("version", text)
    return version, ()


def _write_version(version: tuple[int, int, int] | None, source: bytes) -> bytes:
    message = pb.Version.FromString(source)
    wanted = version or (0, 0, 0)
    if source and wanted == (message.major, message.minor, message.patch):
        return source
    message.major, message.minor, message.patch = wanted
    return message.SerializeToString(deterministic=True)


def _parse(data: bytes, number: int) -> pb.Item:
    try:
        return pb.Item.FromString(data)
    except DecodeError as error:
        raise refuse("damaged", "The item cannot be read.", item=number) from error


def _read_item(message: pb.Item, source: bytes, budget: EntityBudget) -> Item:
    return Item(
        entity=normalise(message.entity.path),
        config=_read_config(message, budget),
        source=source,
    )


def _read_config(message: pb.Item, budget: EntityBudget) -> Config:
    name = message.WhichOneof("kind")
    if name is None:
        return Opaque(data=message.SerializeToString(deterministic=True))
    payload = getattr(message, name)
    if name in BY_NAME:
        config: Config = BY_NAME[name].read(payload, budget)
        return config
    return Opaque(kind=name, data=payload.SerializeToString(deterministic=True))


def _write_item(item: Item) -> bytes:
    message = pb.Item.FromString(item.source or b"")
    if item.source is not None and _read_item(message, item.source, EntityBudget()) == item:
        return item.source
    _write_entity(message, item.entity)
    _write_config(message, item.config)
    return message.SerializeToString(deterministic=True)


def _write_entity(message: pb.Item, path: str) -> None:
    if normalise(message.entity.path) != path:
        message.entity.path = path


def _write_config(message: pb.Item, config: Config) -> None:
    if isinstance(config, Opaque):
        _write_opaque(message, config)
        return
    kind = BY_RECORD[type(config)]
    payload = getattr(message, kind.name)
    payload.SetInParent()
    kind.write(payload, config)


def _write_opaque(message: pb.Item, config: Opaque) -> None:
    """Without a kind, the data are the whole item, as read."""
    if not config.kind:
        path = normalise(message.entity.path)
        message.ParseFromString(config.data)
        _write_entity(message, path)
        return
    payload = getattr(message, config.kind)
    payload.SetInParent()
    payload.ParseFromString(config.data)


def _read_scaling(data: bytes) -> Scaling:
    try:
        message = pb.Scaling.FromString(data)
    except DecodeError as error:
        raise refuse("damaged", "The scaling of the module cannot be read.") from error
    return Scaling(
        variable=message.variable,
        horizon=message.horizon,
        time_rate=message.time_rate,
        probes=tuple(
            ProbeScaling(probe=one.probe, name=one.name, factor=one.factor, offset=one.offset)
            for one in message.probes
        ),
    )


def _write_scaling(scaling: Scaling, source: bytes) -> bytes:
    if source and _read_scaling(source) == scaling:
        return source
    message = pb.Scaling.FromString(source)
    message.variable = scaling.variable
    message.horizon, message.time_rate = scaling.horizon, scaling.time_rate
    del message.probes[:]
    message.probes.extend(
        pb.Scaling.ProbeScaling(
            probe=one.probe, name=one.name, factor=one.factor, offset=one.offset
        )
        for one in scaling.probes
    )
    return message.SerializeToString(deterministic=True)
