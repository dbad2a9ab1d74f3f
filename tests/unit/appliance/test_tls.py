"""The section [tls]: what is wrong with its files, and what they are worth to clients."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from appliance import tls
from appliance.config import Config, load
from appliance.config_tls import is_loopback
from appliance.errors import ConfigError
from appliance.tls import ServerTls

FILES = Path(__file__).parents[2] / "tls"
CONFIG = '[system]\ndomain = "x"\nversion = "1"\n[tls]\ncertificate = "c.pem"\nkey = "k.pem"\n'


def configured(directory: Path, certificate: str, key: str, config: str = CONFIG) -> Config:
    shutil.copy(FILES / certificate, directory / "c.pem")
    shutil.copy(FILES / key, directory / "k.pem")
    (directory / "k.pem").chmod(0o600)
    (directory / "analogcloud.toml").write_text(config)
    return load(directory / "analogcloud.toml")


def refused(directory: Path, certificate: str, key: str) -> tuple[str, str, str]:
    with pytest.raises(ConfigError) as caught:
        configured(directory, certificate, key)
    (fault,) = caught.value.faults
    assert fault.line in (5, 6)
    return fault.path, fault.message, fault.hint


def test_a_pair_that_fits(tmp_path: Path) -> None:
    config = configured(tmp_path, "test-only-one.crt", "test-only-one.key")
    assert config.warnings == ()
    assert config.tls is not None
    assert config.tls.certificate == tmp_path / "c.pem"


def test_a_chain_and_a_key_in_one_file(tmp_path: Path) -> None:
    config = configured(tmp_path, "test-only-one.crt", "test-only-one.key")
    assert config.tls is not None
    both = (tmp_path / "k.pem").read_bytes() + (tmp_path / "c.pem").read_bytes()
    for path in (tmp_path / "k.pem", tmp_path / "c.pem"):
        path.write_bytes(both + (FILES / "test-only-other.crt").read_bytes())
    assert load(tmp_path / "analogcloud.toml").warnings == ()


@pytest.mark.parametrize(
    ("certificate", "key", "expected"),
    [
        ("test-only-one.crt", "test-only-other.key", ("tls.key", "does not belong", "the first")),
        ("test-only-one.crt", "README.md", ("tls.key", "cannot be used", "PRIVATE KEY")),
        ("test-only-one.crt", "test-only-one.crt", ("tls.key", "cannot be used", "PRIVATE KEY")),
        ("test-only-one.crt", "test-only-encrypted.key", ("tls.key", "pass phrase", "openssl")),
        ("README.md", "test-only-one.key", ("tls.certificate", "no certificate", "BEGIN CERT")),
        ("test-only-one.key", "test-only-one.crt", ("tls.certificate", "no cert", "swapped")),
    ],
)
def test_files_that_cannot_be_used(
    tmp_path: Path, certificate: str, key: str, expected: tuple[str, str, str]
) -> None:
    path, message, hint = refused(tmp_path, certificate, key)
    assert path == expected[0]
    assert expected[1] in message
    assert expected[2] in hint


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    configured(tmp_path, "test-only-one.crt", "test-only-one.key")
    path, key = tmp_path / "analogcloud.toml", tmp_path / "k.pem"

    def message() -> str:
        with pytest.raises(ConfigError) as caught:
            load(path)
        return str(caught.value.faults[0])

    key.unlink()
    assert "line 6: tls.key: names no file (found 'k.pem')" in message()
    key.mkdir()
    assert "names no file" in message()
    key.rmdir()
    key.write_bytes(b"-" * (tls.MAX_FILE_BYTES + 1))
    assert "is larger than" in message()
    path.write_text(CONFIG.replace('"k.pem"', '"\\u0000"'))
    assert "names no file" in message()


def test_a_section_of_another_form(tmp_path: Path) -> None:
    for section, path in (("", "tls.certificate"), ("certificate = 3\nkey = 'k'", "tls.certif")):
        (tmp_path / "c.toml").write_text(CONFIG.split("certificate")[0] + section)
        with pytest.raises(ConfigError) as caught:
            load(tmp_path / "c.toml")
        assert caught.value.faults[0].path.startswith(path)
    (tmp_path / "c.toml").write_text("tls = 3\n" + CONFIG.split("[tls]")[0])
    with pytest.raises(ConfigError, match="tls: must be a section"):
        load(tmp_path / "c.toml")


def test_warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (expired,) = configured(tmp_path, "test-only-expired.crt", "test-only-one.key").warnings
    assert expired == "tls.certificate: clients will refuse it: certificate has expired"
    configured(tmp_path, "test-only-one.crt", "test-only-one.key")
    (tmp_path / "k.pem").chmod(0o644)
    (readable,) = load(tmp_path / "analogcloud.toml").warnings
    assert "everybody on this machine can read it" in readable
    (tmp_path / "k.pem").chmod(0o640)
    monkeypatch.setattr(tls, "SOON_S", 200 * 365 * 86_400)
    (soon,) = load(tmp_path / "analogcloud.toml").warnings
    assert soon == "tls.certificate: it is valid until 2120-01-01 only"


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("localhost", True),
        ("LocalHost", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.2", False),
        ("fe80::1%eth0", False),
        ("localhost.example.org", False),
        ("lab", False),
    ],
)
def test_loopback(host: str, is_local: bool) -> None:
    assert is_loopback(host) is is_local


def test_listening_beyond_this_machine(tmp_path: Path) -> None:
    bind = 'bind = "0.0.0.0:8000"\n'
    path = tmp_path / "c.toml"
    path.write_text(bind + CONFIG.split("[tls]")[0])
    (warning,) = load(path).warnings
    assert warning.startswith("bind: 0.0.0.0:8000 can be reached from other machines")
    assert configured(tmp_path, "test-only-one.crt", "test-only-one.key", bind + CONFIG)
    assert load(tmp_path / "analogcloud.toml").warnings == ()


def test_a_reload_takes_a_new_pair_or_keeps_the_old(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    section = configured(tmp_path, "test-only-one.crt", "test-only-one.key").tls
    assert section is not None
    served = ServerTls(section, tmp_path / "analogcloud.toml")
    first = served.context
    shutil.copy(FILES / "test-only-other.crt", tmp_path / "c.pem")
    with pytest.raises(ConfigError, match=r"tls\.key: does not belong"):
        served.reload()
    assert served.context is first
    shutil.copy(FILES / "test-only-other.key", tmp_path / "k.pem")
    assert "file=" in served.reload()
    assert served.context is not first
    shutil.copy(FILES / "test-only-expired.crt", tmp_path / "c.pem")
    shutil.copy(FILES / "test-only-one.key", tmp_path / "k.pem")
    served.reload()
    assert "certificate has expired" in caplog.text
