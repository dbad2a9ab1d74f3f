"""Reading analogcloud.toml: all of it is right, or every fault is told at once."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from appliance import config_checks
from appliance.config_checks import Bind, parse_bind
from appliance.config_entities import read_entities
from appliance.config_lines import key_lines, line_at
from appliance.config_models import ConfigFile
from appliance.config_tls import open_warning, read_tls
from appliance.errors import ConfigError, Fault
from appliance.faults import faults_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from appliance.config_checks import Location, Table
    from appliance.config_models import Device, Limits, Scanner, System, Tasks, Tls, Workers

MAX_FILE_BYTES: Final = 2**20

_HINTS: Final[Mapping[str, str]] = {
    "name": "letters, digits, dots, hyphens and underscores, at most 64, first a letter or digit",
    "workers": "remove it: a device runs one task at a time",
    "database": "remove it: tasks are kept in state_dir",
    "blob_storage": "remove it: files are kept in state_dir",
    "domain": 'the name of this appliance, as in domain = "analog.example.org"',
    "version": 'what users see as the version, as in version = "0.1.0"',
    "system": "a section [system] with domain and version is needed",
}
_SYNTAX_LINE: Final = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A configuration without faults. Paths are absolute. ``entities`` has the entity file of each
    device that emulates something, by the device's name; ``warnings`` are for the log."""

    path: Path
    system: System
    state_dir: Path
    auth_file: Path
    reload_check_s: float
    bind: Bind
    tls: Tls | None
    limits: Limits
    tasks: Tasks
    workers: Workers
    scanner: Scanner
    devices: tuple[Device, ...]
    entities: Mapping[str, bytes]
    warnings: tuple[str, ...] = ()


def load(path: Path) -> Config:
    """Read a configuration file. Raises ConfigError with every fault."""
    text = _read(path)
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(str(path), (_syntax_fault(error),)) from error
    faults = list(config_checks.check(data))
    file = _validated(data, faults)
    directory = path.absolute().parent
    entities = read_entities(data, directory, faults)
    tls, warnings = read_tls(data, directory, faults)
    if file is None or faults:
        raise ConfigError(str(path), _in_order(faults, text))
    warnings = (*config_checks.warnings(data), *warnings)
    return _config(path, file.model_copy(update={"tls": tls}), entities, warnings)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise _whole_file(
                path, f"is larger than {MAX_FILE_BYTES} bytes", "is it the right file?"
            )
        return content.decode()
    except OSError as error:
        hint = "name another file with --config"
        raise _whole_file(path, f"cannot be read: {error.strerror}", hint) from error
    except UnicodeDecodeError as error:
        raise _whole_file(path, "is not UTF-8 text", "save it as UTF-8 in your editor") from error


def _whole_file(path: Path, message: str, hint: str) -> ConfigError:
    return ConfigError(str(path), (Fault(path="(the whole file)", message=message, hint=hint),))


def _syntax_fault(error: Exception) -> Fault:
    text = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "is nested too deeply"
    found = _SYNTAX_LINE.search(text)
    return Fault(
        path="(syntax)",
        message=_SYNTAX_LINE.sub("", text),
        hint="texts are in quotes, and each key is given once",
        line=int(found[1]) if found else None,
    )


def _validated(data: Table, faults: list[tuple[Location, Fault]]) -> ConfigFile | None:
    try:
        return ConfigFile.model_validate(data)
    except ValidationError as error:
        faults += faults_of(error, ConfigFile, _HINTS)
        return None


def _in_order(faults: Iterable[tuple[Location, Fault]], text: str) -> tuple[Fault, ...]:
    """With lines, in the order of the file; what is missing altogether comes first."""
    lines = key_lines(text)
    with_lines = [
        dataclasses.replace(fault, line=line_at(lines, location)) for location, fault in faults
    ]
    return tuple(sorted(with_lines, key=lambda fault: fault.line or 0))


def _config(
    path: Path, file: ConfigFile, entities: Mapping[str, bytes], warnings: tuple[str, ...]
) -> Config:
    bind, directory = parse_bind(file.bind), path.absolute().parent
    if bind is None:
        raise ConfigError(str(path), (Fault(path="bind", message="must be HOST:PORT"),))
    exposed = open_warning(bind, file.tls)
    return Config(
        path=path.absolute(),
        system=file.system,
        state_dir=directory / file.state_dir,
        auth_file=directory / file.auth_file,
        reload_check_s=file.reload_check_s,
        bind=bind,
        tls=file.tls,
        limits=file.limits,
        tasks=file.tasks,
        workers=file.workers,
        scanner=file.devices.scanner,
        devices=file.devices.available,
        entities=entities,
        warnings=warnings if exposed is None else (*warnings, exposed),
    )
