"""Run by the vendor's environment: every call of the vendor's client class, against our server.

    use_client.py URL KEY DEVICE MODULE     DEVICE runs what MODULE, a file, holds

Prints one JSON object: what the calls gave.
"""

import json
import sys
from pathlib import Path
from typing import Any

from anabrid.cloud.cli.client import AnalogCloudAPIError, AnalogCloudClient, StateConflictError
from anabrid.cloud.models.enums import DeviceTypeEnum


# Any: the client carries no types that we could rely on.
def walk(client: Any, device: str, module: bytes) -> dict[str, object]:  # noqa: ANN401
    status = client.get_system_status()
    user = client.get_user_info()
    devices = client.get_devices()
    entity = client.get_device_entity(device)
    ran = client.submit_run_task(device, module, sample_rate=1000, op_time=0.002)
    compiled = client.submit_compile_task("x", DeviceTypeEnum.LUCIDAC, entity, k0=None)
    ends = [client.wait_for_task_completion(id, poll_interval=0.05) for id in (ran, compiled)]
    details = [client.get_task_detail(id) for id in (ran, compiled)]
    found = client.search_tasks(type=["run"], limit=10)
    listed = client.list_tasks(state="succeeded", limit=1, offset=1)
    given = {
        "domain": status.domain,
        "uptime": status.uptime,
        "user": user.model_dump(mode="json"),
        "devices": [entry.model_dump(mode="json") for entry in devices],
        "entity_bytes": len(entity),
        "ends": [end.model_dump(mode="json") for end in ends],
        "details": [type(detail).__name__ for detail in details],
        "log": client.get_task_log(ran).lines,
        "samples": client.get_task_result(ran),
        "circuit_bytes": len(client.get_task_result(compiled)),
        "found": [item.model_dump(mode="json") for item in found.items],
        "total": found.total,
        "listed": [str(item.id) for item in listed],
        "ids": [str(ran), str(compiled)],
        "cancel_too_late": refusal(client.cancel_task, ran, StateConflictError),
        "no_entity": refusal(client.get_device_entity, "nothing", AnalogCloudAPIError),
    }
    client.delete_task(ran)
    given["after_delete"] = refusal(client.get_task_status, ran, AnalogCloudAPIError)
    return given


def refusal(call: Any, argument: object, kind: type[Exception]) -> str:  # noqa: ANN401
    """The text of the error that a call must raise."""
    try:
        call(argument)
    except kind as error:
        return str(error)
    raise SystemExit(f"{call} did not raise {kind}")


def main() -> None:
    url, key, device, module = sys.argv[1:]
    with AnalogCloudClient(base_url=url, api_key=key) as client:
        print(json.dumps(walk(client, device, Path(module).read_bytes())))


if __name__ == "__main__":
    main()
