"""Real sockets on loopback and a pseudo-terminal as serial port."""

import errno
import os
import socket
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import trio

from drivers.errors import ConnectError
from drivers.link.endpoint import Endpoint
from drivers.link.opening import open_connection, open_link
from drivers.link.tcp import open_tcp
from drivers.link.udp import MAX_DATAGRAM_BYTES, RECEIVE_BUFFER_BYTES, UdpDatagrams, open_udp
from drivers.wire import protobuf
from drivers.wire.messages import Accepted, Message, Pong, Reset, ResetDone, RunState, StreamToUdp
from tests.unit.drivers.link.link_peers import Peer, chunk, state

LOOPBACKS = ["127.0.0.1"]
if socket.has_ipv6:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        LOOPBACKS.append("::1")
    except OSError:
        pass


@asynccontextmanager
async def listening(host: str = "127.0.0.1") -> AsyncIterator[tuple[trio.SocketListener, Endpoint]]:
    listeners = await trio.open_tcp_listeners(0, host=host)
    async with listeners[0] as listener:
        yield listener, Endpoint(host=host, port=listener.socket.getsockname()[1])


@pytest.mark.parametrize("host", LOOPBACKS)
async def test_whole_conversation_over_tcp_and_udp(host: str) -> None:
    async with listening(host) as (listener, endpoint), trio.open_nursery() as nursery:

        async def device() -> None:
            stream = await listener.accept()
            peer = Peer(stream, "protobuf")
            await peer.answer(Pong())
            wish = (await peer.answer(Accepted())).body
            assert isinstance(wish, StreamToUdp)
            client = stream.socket.getpeername()
            with trio.socket.socket(stream.socket.family, socket.SOCK_DGRAM) as udp:
                for body in (state(RunState.OP), chunk(0), state(RunState.DONE)):
                    data = protobuf.encode(Message(id="n", body=body))
                    await udp.sendto(data, (client[0], wish.port, *client[2:]))
            await stream.aclose()

        nursery.start_soon(device)
        with trio.fail_after(5):
            async with open_link(endpoint) as link:
                assert await link.stream_by_udp()
                got = [await link.notifications.receive() for _ in range(3)]
                assert got == [state(RunState.OP), chunk(0), state(RunState.DONE)]
                with pytest.raises(ConnectError, match=r"closed the connection|broke"):
                    await link.request(Reset())


async def test_options_of_the_socket() -> None:
    async with listening() as (_, endpoint):
        connection = await open_connection(endpoint)
        stream = connection.stream
        assert isinstance(stream, trio.SocketStream)
        async with stream:
            assert stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert stream.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


async def test_a_refused_connection_in_plain_words() -> None:
    async with listening() as (_, endpoint):
        pass
    with pytest.raises(ConnectError, match=r"refuses connections\. Is the port right"):
        await open_tcp(endpoint)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "the name box.lan was not found"),
        (UnicodeError("label too long"), "the name box.lan was not found"),
        (OSError(errno.EHOSTUNREACH, "x"), "no route to it"),
        (OSError(errno.ENETUNREACH, "x"), "no route to that network"),
        (OSError(errno.ETIMEDOUT, "x"), "did not answer in time"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
    ],
)
async def test_other_reasons_in_plain_words(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(host: str, port: int) -> trio.SocketStream:
        await trio.lowlevel.checkpoint()
        if isinstance(error, OSError) and not isinstance(error, socket.gaierror):
            # As trio has it: all attempts in a group, behind an error without number.
            raise OSError(f"all attempts failed: {error}") from ExceptionGroup("all", [error])
        raise error

    monkeypatch.setattr(trio, "open_tcp_stream", fails)
    with pytest.raises(ConnectError, match=words):
        await open_tcp(Endpoint(host="box.lan"))


# Datagrams.


@asynccontextmanager
async def hearing(peer: str = "127.0.0.1") -> AsyncIterator[UdpDatagrams]:
    datagrams = await open_udp(socket.AF_INET, ("127.0.0.1", 1234), peer)
    try:
        yield datagrams
    finally:
        datagrams.close()


async def test_only_the_peer_is_heard() -> None:
    async with hearing() as datagrams:
        with (
            trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as foreign,
            trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own,
        ):
            await foreign.bind(("127.0.0.2", 0))
            await own.bind(("127.0.0.1", 0))
            await foreign.sendto(b"forged", ("127.0.0.1", datagrams.port))
            await own.sendto(b"mine", ("127.0.0.1", datagrams.port))
            with trio.fail_after(5):
                assert await datagrams.receive() == b"mine"
        assert datagrams.dropped == 1


async def test_the_longest_datagram_fits() -> None:
    async with hearing() as datagrams:
        with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            await own.bind(("127.0.0.1", 0))
            await own.sendto(b"x" * MAX_DATAGRAM_BYTES, ("127.0.0.1", datagrams.port))
            with trio.fail_after(5):
                assert len(await datagrams.receive()) == MAX_DATAGRAM_BYTES


async def test_the_kernel_is_asked_for_room() -> None:
    async with hearing() as datagrams:
        room = datagrams._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        assert room == plain.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


async def test_a_closed_socket_is_a_connect_error() -> None:
    async with hearing() as datagrams:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_expect_end, datagrams)
            await trio.testing.wait_all_tasks_blocked()
            datagrams.close()
        datagrams.close()


async def _expect_end(datagrams: UdpDatagrams) -> None:
    with pytest.raises(ConnectError, match="no longer be heard"):
        await datagrams.receive()


async def test_an_address_that_is_not_ours_cannot_be_bound() -> None:
    with pytest.raises(ConnectError, match="No UDP port"):
        await open_udp(socket.AF_INET, ("192.0.2.1", 0), "127.0.0.1")


# Serial.


class Terminal:
    """A pseudo-terminal; the test has the device's end."""

    def __init__(self) -> None:
        self.device, self._port = os.openpty()
        tty.setraw(self._port)
        self.endpoint = Endpoint(serial=os.ttyname(self._port))

    def unplug(self) -> None:
        for handle in (self.device, self._port):
            if handle >= 0:
                os.close(handle)
        self.device = self._port = -1

    async def hear_line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            await trio.lowlevel.wait_readable(self.device)
            line += os.read(self.device, 4096)
        return line


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    opened = Terminal()
    yield opened
    opened.unplug()


async def test_conversation_over_a_serial_port(terminal: Terminal) -> None:
    os.write(terminal.device, b'{"type":"run_state_change","stale":1}\n{"ha')

    async def device() -> None:
        line = await terminal.hear_line()
        os.write(terminal.device, b"log: resetting\r\n" + line)
        os.write(terminal.device, line.replace(b'"msg":{}', b'"msg":{},"code":0'))

    with trio.fail_after(5):
        async with open_link(terminal.endpoint) as link, trio.open_nursery() as nursery:
            nursery.start_soon(device)
            assert await link.request(Reset()) == ResetDone()
            assert (link.dialect, await link.stream_by_udp()) == ("jsonl", False)


async def test_an_unplugged_cable_is_noticed_at_once(terminal: Terminal) -> None:
    async def device() -> None:
        await terminal.hear_line()
        terminal.unplug()

    with trio.fail_after(5):
        async with open_link(terminal.endpoint) as link, trio.open_nursery() as nursery:
            nursery.start_soon(device)
            with pytest.raises(ConnectError, match=r"/dev/.* closed the connection"):
                await link.request(Reset())


async def test_what_is_no_serial_port(tmp_path: os.PathLike[str]) -> None:
    nothing, plain = os.path.join(tmp_path, "nothing"), os.path.join(tmp_path, "plain")
    with open(plain, "w"):  # noqa: ASYNC230  # a test may
        pass
    for path, words in ((nothing, "does not exist"), (plain, "is no serial port")):
        with pytest.raises(ConnectError, match=words):
            await open_connection(Endpoint(serial=path))


async def test_a_port_in_use_is_told_so(terminal: Terminal) -> None:
    connection = await open_connection(terminal.endpoint)
    with pytest.raises(ConnectError, match="in use by another program"):
        await open_connection(terminal.endpoint)
    await connection.stream.aclose()
    again = await open_connection(terminal.endpoint)
    await again.stream.aclose()
