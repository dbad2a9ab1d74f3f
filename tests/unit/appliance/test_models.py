from __future__ import annotations

import itertools
import pickle

import pytest

from appliance.errors import ConfigError, Fault
from appliance.models import COMPILE_QUEUE, TaskState, device_queue, is_legal

LEGAL = {
    (TaskState.QUEUED, TaskState.INPROGRESS),
    (TaskState.QUEUED, TaskState.CANCELLED),
    (TaskState.INPROGRESS, TaskState.SUCCEEDED),
    (TaskState.INPROGRESS, TaskState.FAILED),
}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(TaskState, TaskState)))
def test_transitions(before: TaskState, after: TaskState) -> None:
    assert is_legal(before, after) is ((before, after) in LEGAL)


def test_terminal_states() -> None:
    assert [state.value for state in TaskState if state.is_terminal] == [
        "succeeded",
        "failed",
        "cancelled",
    ]


def test_no_device_has_the_queue_of_the_compiler() -> None:
    assert device_queue("compile") != COMPILE_QUEUE


def test_errors_survive_the_way_between_processes() -> None:
    error = ConfigError("file", (Fault(path="a", message="b", line=3),))
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.file, copy.faults) == (ConfigError, "file", error.faults)
    assert str(copy) == str(error)
