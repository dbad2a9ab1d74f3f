"""Clients of an appliance that is about to die: what they ask is random, what they hear is kept."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import httpx
import trio

from appliance.descriptions import ADDRESS, lucidac
from tests.api.serving import ROOT
from tests.crash.ledger import TERMINAL

if TYPE_CHECKING:
    import random

    from tests.crash.ledger import Ledger

CLIENTS = 6
WEIGHTS = (5, 1, 2, 2)
"""Of submitting, looking, cancelling and deleting."""
MODULES = tuple(
    base64.b64encode(lucidac().replace(ADDRESS.encode(), f"{ADDRESS[:-1]}{n}".encode())).decode()
    for n in range(8)
)
"""Few, so that tasks share them: the content of one is deleted while another needs it."""


class Driver:
    """Random requests of CLIENTS clients until the connection breaks."""

    def __init__(self, url: str, ledger: Ledger, chance: random.Random) -> None:
        self._url = url
        self._ledger = ledger
        self._chance = chance

    async def run(self) -> None:
        """Ask until the server is gone."""
        headers = {"Authorization": f"Bearer {ROOT}"}
        async with (
            httpx.AsyncClient(base_url=self._url, headers=headers, timeout=20) as client,
            trio.open_nursery() as nursery,
        ):
            for number in range(CLIENTS):
                again = list(self._ledger.unanswered)[number::CLIENTS]
                nursery.start_soon(self._client, client, again)

    async def _client(self, client: httpx.AsyncClient, again: list[int]) -> None:
        try:
            for number in again:
                await self._send(client, number)
            while True:
                await self._one_request(client)
        except httpx.TransportError:
            return  # killed; what it would have answered is not known

    async def _one_request(self, client: httpx.AsyncClient) -> None:
        kinds = (self._submit, self._look, self._cancel, self._delete)
        (kind,) = self._chance.choices(kinds, weights=WEIGHTS)
        await kind(client)

    async def _submit(self, client: httpx.AsyncClient) -> None:
        device, module = self._chance.choice(("sim", "bare")), self._chance.choice(MODULES)
        number = self._ledger.ask({"device_name": device, "module": module})
        await self._send(client, number)

    async def _send(self, client: httpx.AsyncClient, number: int) -> None:
        """The first time, or again: the same number is never run twice."""
        body, headers = self._ledger.unanswered[number], {"Idempotency-Key": f"number-{number}"}
        answer = await client.post("/api/v1/tasks/run", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        self._ledger.accept(answer.json()["id"], number)

    async def _look(self, client: httpx.AsyncClient) -> None:
        id = self._some_id()
        answer = await client.get(f"/api/v1/tasks/{id}/status")
        if answer.status_code == 404:
            assert self._is_deletion_asked(id)
        elif answer.json()["state"] in TERMINAL:
            self._ledger.end(id, answer.json()["state"])

    async def _cancel(self, client: httpx.AsyncClient) -> None:
        id = self._some_id()
        answer = await client.post(f"/api/v1/tasks/{id}/cancel")
        if answer.status_code == 200:
            assert answer.json()["state"] == "cancelled"
            self._ledger.end(id, "cancelled")
        else:
            expected = (404, 409) if self._is_deletion_asked(id) else (409,)
            assert answer.status_code in expected, answer.text

    async def _delete(self, client: httpx.AsyncClient) -> None:
        id = self._some_id()
        if id in self._ledger.known:
            self._ledger.known[id].is_deletion_asked = True
        answer = await client.delete(f"/api/v1/tasks/{id}")
        if answer.status_code == 204:
            self._ledger.known[id].is_deletion_told = True
        else:
            assert answer.status_code in (404, 409), answer.text

    def _some_id(self) -> str:
        """Mostly one of the newest, which are still being worked on."""
        known = list(self._ledger.known)[-20:] or ["00000000-0000-4000-8000-000000000000"]
        return self._chance.choice(known)

    def _is_deletion_asked(self, id: str) -> bool:
        known = self._ledger.known.get(id)
        return known is None or known.is_deletion_asked
