"""What the appliance's queues, limits and endings should do, in as few words as possible.

Times are seconds. ``wall`` may be set back; ``steady`` is the time by which quotas count.
"""

from __future__ import annotations

from dataclasses import dataclass, field

HOUR_S, DAY_S = 3600, 86_400


@dataclass
class Holder:
    """Who holds a key. ``priority`` is that of the file."""

    key: str
    priority: int
    hourly: int | None
    daily: int | None


@dataclass
class Job:
    """One task."""

    id: str
    holder: Holder
    kind: str
    created: float
    state: str = "queued"
    began: float = 0.0


@dataclass
class Model:
    """The whole appliance."""

    queued_per_key: int
    grace_s: float
    wall: float
    steady: float = 0.0
    latest: float = 0.0
    jobs: list[Job] = field(default_factory=list)
    runs: dict[str, list[float]] = field(default_factory=dict)
    retries: dict[tuple[str, str], tuple[str, str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.steady = self.wall

    def advance(self, seconds: float) -> None:
        self.wall += seconds
        self.steady = max(self.steady, self.wall)

    def restart(self) -> None:
        self.steady = max(self.latest, self.wall)
        for job in self.jobs:
            if job.state == "inprogress":
                job.state = "failed"

    def remaining(self, holder: Holder) -> tuple[int | None, int | None]:
        used = [self.steady - at for at in self.runs.get(holder.key, [])]
        hour, day = (sum(age < window for age in used) for window in (HOUR_S, DAY_S))
        return (
            None if holder.hourly is None else max(0, holder.hourly - hour),
            None if holder.daily is None else max(0, holder.daily - day),
        )

    def replay(self, holder: Holder, retry: str | None) -> tuple[str, str] | None:
        """The request and the task of a retry key that is still known."""
        found = self.retries.get((holder.key, retry or ""))
        return found[:2] if found and self.steady - found[2] < DAY_S else None

    def refusal(self, holder: Holder, kind: str) -> int | None:
        waiting = [job for job in self.waiting() if job.holder is holder]
        is_used_up = kind == "run" and 0 in self.remaining(holder)
        return 429 if len(waiting) >= self.queued_per_key or is_used_up else None

    def take(self, holder: Holder, kind: str, id: str, retry: str | None, request: str) -> None:
        self.jobs.append(Job(id=id, holder=holder, kind=kind, created=self.wall))
        if kind == "run":
            self.runs.setdefault(holder.key, []).append(self.steady)
            self.latest = self.steady
        if retry:
            self.retries[holder.key, retry] = (request, id, self.steady)
            self.latest = self.steady

    def waiting(self, kind: str | None = None) -> list[Job]:
        """In the order in which they will be taken."""
        waiting = [job for job in self.jobs if job.state == "queued" and kind in (None, job.kind)]
        return sorted(waiting, key=lambda job: -min(job.holder.priority, 10))

    def claim(self, kind: str) -> str | None:
        waiting = self.waiting(kind)
        if not waiting:
            return None
        waiting[0].state, waiting[0].began = "inprogress", max(waiting[0].created, self.wall)
        return waiting[0].id

    def cancel(self, holder: Holder, job: Job) -> int:
        if job not in self.jobs or job.holder is not holder:
            return 404
        if job.state != "queued":
            return 409
        job.state = "cancelled"
        return 200

    def delete(self, holder: Holder, job: Job) -> int:
        if job not in self.jobs or job.holder is not holder:
            return 404
        if job.state == "inprogress" and self.wall - job.began < self.grace_s:
            return 409
        self.jobs.remove(job)
        return 204

    def listing(self, holder: Holder) -> list[tuple[str, str]]:
        """Newest first."""
        own = [job for job in self.jobs if job.holder is holder]
        own.sort(key=lambda job: (job.created, job.id), reverse=True)
        return [(job.id, job.state) for job in own]
