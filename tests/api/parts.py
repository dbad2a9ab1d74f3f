"""The parts of an application over a real store, without anybody who works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.api.parts import Parts
from appliance.auth import AuthFile
from appliance.board import Bells, DeviceBoard, DeviceEntry
from appliance.config import load
from appliance.control import Control
from appliance.events import EventHub
from appliance.models import DeviceType
from tests.api.serving import ENTITY

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.store import Store


def parts_over(store: Store, directory: Path, *, config: str, auth: str) -> Parts:
    """One simulator that is there, ``sim``; streams of events end at once; nothing converts."""
    for name, text in (("analogcloud.toml", config), ("auth.yml", auth)):
        (directory / name).write_text(text)
    sim = DeviceEntry(
        name="sim", type=DeviceType.SIMULATOR, max_sample_rate=10**6, entity=ENTITY, reason=""
    )
    events = EventHub()
    events.close()
    nobody: Any = None
    return Parts(
        config=load(directory / "analogcloud.toml"),
        users=AuthFile.load(directory / "auth.yml"),
        store=store,
        board=DeviceBoard([sim]),
        bells=Bells(),
        control=Control(),
        conversions=nobody,
        events=events,
        started_at=0.0,
    )
