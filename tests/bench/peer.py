# mypy: ignore-errors
# FastAPI and Celery are installed for the measurement only, outside of the repository.
"""The usual way to build such a server, for comparison: FastAPI, Celery and Redis.

It takes the same requests for runs and does them with the same simulator; tasks are acknowledged
late and prefetched one at a time, so that a worker that dies loses none. See ``bench.server``.
"""

import json
import os
import tempfile
from base64 import b64decode
from pathlib import Path

from celery import Celery
from fastapi import FastAPI, Header, HTTPException, Response
from pydantic import BaseModel

REDIS = os.environ["PEER_REDIS"]
KEY = os.environ["PEER_KEY"]
STATES = {"PENDING": "queued", "STARTED": "inprogress", "SUCCESS": "succeeded"}

queue = Celery("tests.bench.peer", broker=f"{REDIS}/0", backend=f"{REDIS}/1")
queue.conf.update(
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    task_track_started=True,
    broker_connection_retry_on_startup=True,
)


@queue.task
def simulate(module: str, sample_rate: int, op_time: float) -> list[list[float] | None]:
    from sim.options import SimulationOptions
    from sim.run import simulate_file

    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "result"
        simulate_file(
            b64decode(module),
            description=None,
            op_time_s=op_time,
            sample_rate_hz=sample_rate,
            options=SimulationOptions(),
            output=output,
            log=str,
        )
        return json.loads(output.read_bytes())


class Run(BaseModel):
    device_name: str
    module: str
    sample_rate: int = 10_000
    op_time: float = 0.1


app = FastAPI()


@app.post("/api/v1/tasks/run", status_code=201)
def run(body: Run, authorization: str = Header()) -> dict[str, str]:
    _check(authorization)
    return {"id": simulate.delay(body.module, body.sample_rate, body.op_time).id, "state": "queued"}


@app.get("/api/v1/tasks/{id}/status")
def status(id: str, authorization: str = Header()) -> dict[str, str]:
    _check(authorization)
    return {"id": id, "state": STATES.get(queue.AsyncResult(id).state, "failed")}


@app.get("/api/v1/tasks/{id}/result")
def result(id: str, authorization: str = Header()) -> Response:
    _check(authorization)
    content = json.dumps(queue.AsyncResult(id).result)
    return Response(content, media_type="application/json")


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "healthy"}


def _check(authorization: str) -> None:
    if authorization != f"Bearer {KEY}":
        raise HTTPException(403, "no")
