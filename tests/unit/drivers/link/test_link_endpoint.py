"""How an endpoint is written and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.link.endpoint import DEFAULT_PORT, Endpoint


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("lucidac-1", "lucidac-1", DEFAULT_PORT),
        (" lucidac-1.local:5733 ", "lucidac-1.local", 5733),
        ("10.0.0.5:1", "10.0.0.5", 1),
        ("[fe80::1%eth0]:5732", "fe80::1%eth0", 5732),
        ("[::1]", "::1", DEFAULT_PORT),
        ("fe80::1", "fe80::1", DEFAULT_PORT),
    ],
)
def test_hosts_are_read(text: str, host: str, port: int) -> None:
    endpoint = Endpoint.parse(text)
    assert endpoint == Endpoint(host=host, port=port)
    assert Endpoint.parse(str(endpoint)) == endpoint


def test_serial_ports_are_paths() -> None:
    assert Endpoint.parse("/dev/ttyACM0") == Endpoint(serial="/dev/ttyACM0")
    assert str(Endpoint(serial="/dev/ttyACM0")) == "/dev/ttyACM0"


@pytest.mark.parametrize(
    "text",
    [
        *("", ":5732", "host:", "host:0", "host:65536", "host:٣", "host:-1", "host:999999999"),
        *("[::1", "[::1]5732", "[]:1", "two words", "h\x00st", "x" * 256, "host:1\n2"),
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"host|port|form"):
        Endpoint.parse(text)


@pytest.mark.parametrize("given", [{}, {"host": "a", "serial": "/dev/b"}])
def test_exactly_one_of_both(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="either a host or a serial port"):
        Endpoint(**given)  # type: ignore[arg-type]  # no port among them


@given(st.text(max_size=40))
def test_any_text_is_an_endpoint_or_refused(text: str) -> None:
    try:
        endpoint = Endpoint.parse(text)
    except ValueError:
        return
    assert Endpoint.parse(str(endpoint)) == endpoint
