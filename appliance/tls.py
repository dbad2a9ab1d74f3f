"""TLS with the operator's certificate and key: checked before use, exchanged while serving."""

from __future__ import annotations

import logging
import ssl
import stat
import time
from typing import TYPE_CHECKING, Final

from appliance.errors import ConfigError, Fault
from appliance.reload import signature_of

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.config_models import Tls
    from appliance.reload import Signature

_log = logging.getLogger("analogcloud.tls")

MAX_FILE_BYTES: Final = 2**20
SOON_S: Final = 14 * 86_400
"""A certificate that ends within this time is warned about."""
_MESSAGES: Final = 10
"""More than enough passes for both sides of a handshake in memory."""


class TlsFault(Exception):
    """``key`` ("certificate" or "key") of the section ``[tls]`` names a file that cannot be
    used; the text says why."""

    def __init__(self, key: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.key = key
        self.hint = hint


class ServerTls:
    """What new connections are encrypted with (see ``reload``)."""

    def __init__(self, section: Tls, config: Path) -> None:
        """Read both files; ``config`` is the file that names them. Raises ConfigError."""
        self.name = "certificate"
        self.paths: tuple[Path, ...] = (section.certificate, section.key)
        self.signature: Signature = signature_of(self.paths)
        self._section = section
        self._config = config
        self._context = self._read()

    @property
    def context(self) -> ssl.SSLContext:
        """For one more connection; those that are open keep what they began with."""
        return self._context

    def reload(self) -> str:
        self.signature = signature_of(self.paths)
        context = self._read()
        for warning in tls_warnings(self._section, context):
            _log.warning("event=certificate_warning %s", warning)
        self._context = context
        return f"file={self._section.certificate}"

    def _read(self) -> ssl.SSLContext:
        try:
            return server_context(self._section)
        except TlsFault as error:
            fault = Fault(path=f"tls.{error.key}", message=str(error), hint=error.hint)
            raise ConfigError(str(self._config), (fault,)) from error


def server_context(section: Tls) -> ssl.SSLContext:
    """TLS 1.2 or newer and HTTP/1.1, with the certificate and its key. Raises TlsFault."""
    certificate = _text(section.certificate, "certificate")
    _text(section.key, "key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(section.certificate, section.key, password=_no_password)
    except _Encrypted:
        hint = "store it without: openssl pkey -in KEY -out NEW-KEY"
        raise TlsFault("key", "is protected by a pass phrase", hint) from None
    except (ssl.SSLError, OSError) as error:
        raise _fault(error, certificate) from error
    return context


def tls_warnings(section: Tls, context: ssl.SSLContext) -> tuple[str, ...]:
    """What works but will surprise somebody: what clients will say, and who can read the key."""
    warnings = []
    try:
        until = _valid_until(section, context)
    except ssl.SSLCertVerificationError as error:
        warnings.append(f"tls.certificate: clients will refuse it: {error.verify_message}")
    except ssl.SSLError as error:
        warnings.append(f"tls.certificate: clients may refuse it: {error.reason}")
    else:
        if until < time.time() + SOON_S:
            day = time.strftime("%Y-%m-%d", time.gmtime(until))
            warnings.append(f"tls.certificate: it is valid until {day} only")
    if section.key.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        warnings.append("tls.key: everybody on this machine can read it; use chmod o= on the file")
    return tuple(warnings)


class _Encrypted(Exception):
    """The key asks for a pass phrase, which nobody is here to type."""


def _no_password() -> str:
    raise _Encrypted


def _text(path: Path, key: str) -> str:
    """The whole file, so that OpenSSL, which names no file in its errors, finds what it needs."""
    try:
        if not path.is_file():
            raise TlsFault(key, "names no file", "give the path of a file in PEM form")
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        hint = "the user that the appliance runs as must be able to read it"
        raise TlsFault(key, f"cannot be read: {error.strerror}", hint) from error
    except ValueError:  # a path that no system allows
        raise TlsFault(key, "names no file", "give the path of a file in PEM form") from None
    if len(content) > MAX_FILE_BYTES:
        raise TlsFault(key, f"is larger than {MAX_FILE_BYTES} bytes", "is it the right file?")
    return content.decode("latin-1")


def _fault(error: OSError, certificate: str) -> TlsFault:
    reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
    if reason == "KEY_VALUES_MISMATCH":
        hint = "the first certificate in the file must be the one that was made for the key"
        return TlsFault("key", "does not belong to the certificate", hint)
    if not _has_certificate(certificate):
        swapped = "PRIVATE KEY" in certificate
        hint = "are certificate and key swapped?" if swapped else "it begins with -----BEGIN CERT"
        return TlsFault("certificate", "has no certificate in PEM form", hint)
    hint = "it begins with -----BEGIN, and the word PRIVATE KEY is in its first line"
    return TlsFault("key", f"cannot be used with the certificate ({reason})", hint)


def _has_certificate(text: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        return False
    return True


def _valid_until(section: Tls, context: ssl.SSLContext) -> float:
    """Seconds since 1970. A client that trusts just this certificate is tried in memory, for it
    sees all that clients look at. Raises SSLError where it refuses."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False  # names are the operator's matter
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(cafile=section.certificate)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server)
    answering = context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(_MESSAGES):
        if all([_step(asking), _step(answering)]):
            break
    seen = asking.getpeercert() or {}
    return float(ssl.cert_time_to_seconds(str(seen["notAfter"])))


def _step(side: ssl.SSLObject) -> bool:
    """Whether this side is done."""
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True
