"""What can go wrong in the appliance, by who has to act.

    ApplianceError
    +-- FaultyFile          a file that an operator writes is wrong; holds every fault
    |   +-- ConfigError     analogcloud.toml
    |   +-- AuthFileError   auth.yml
    +-- StoreError          the store refuses or fails
    |   +-- StoreLocked     another process uses the state directory
    |   +-- SchemaTooNew    the database was written by a newer version of the program
    |   +-- StorageFull     no space left; nothing was changed
    |   +-- StoreFailed     the disk or the database failed; nothing was changed
    |   +-- BlobMissing     content that should be there is not
    |   +-- IllegalTransition  a state change that no table allows: a bug of the caller
    +-- JobError            a job in a child process ended without its own answer
        +-- JobTimeout      it took too long and was killed
        +-- JobMemory       it needed more memory than it may have
        +-- JobCrashed      its process died, or its answer could not be read

Texts are for users: they say what happened and, where someone can act, what to do.
"""

from __future__ import annotations

from dataclasses import dataclass


class ApplianceError(Exception):
    """Base of all errors that the appliance raises on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong in a file: where (``path`` such as ``devices.available[0].name``, ``line``
    from 1 where known), what was found (``value``, already shortened, "" where nothing is), why
    that is wrong and what to do. Secrets are never put into ``value``."""

    path: str
    message: str
    value: str = ""
    hint: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = f"line {self.line}: {self.path}" if self.line else self.path
        found = f" (found {self.value})" if self.value else ""
        hint = f"\n    hint: {self.hint}" if self.hint else ""
        return f"{place}: {self.message}{found}{hint}"


class FaultyFile(ApplianceError):
    """A file is refused as a whole; ``faults`` holds every reason, in the order of the file."""

    def __init__(self, file: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(f"{file}: " + "\n".join(str(fault) for fault in faults))
        self.file = file
        self.faults = faults

    def __reduce__(self) -> tuple[type[FaultyFile], tuple[str, tuple[Fault, ...]]]:
        return type(self), (self.file, self.faults)


class ConfigError(FaultyFile):
    """analogcloud.toml cannot be used."""


class AuthFileError(FaultyFile):
    """auth.yml cannot be used."""


class StoreError(ApplianceError):
    """The store refuses or fails."""


class StoreLocked(StoreError):
    """Another process uses the state directory."""


class SchemaTooNew(StoreError):
    """The database was written by a newer version of the program."""


class StorageFull(StoreError):
    """No space is left on the disk of the state directory; nothing was changed."""


class StoreFailed(StoreError):
    """The disk or the database failed; nothing was changed."""


class BlobMissing(StoreError):
    """Stored content that should be there is not."""


class IllegalTransition(StoreError):
    """A state change that the table of transitions does not have: a bug of the caller."""


class JobError(ApplianceError):
    """A job in a child process ended without an answer of its own."""


class JobTimeout(JobError):
    """The job ran longer than it may and was killed."""


class JobMemory(JobError):
    """The job needed more memory than it may have."""


class JobCrashed(JobError):
    """The job's process died, or what it answered could not be read."""
