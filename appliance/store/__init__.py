"""The one local store: SQLite for rows, files named by their content for blobs.

async with open_store(state_dir) as store:
    blob = await store.blobs.put_bytes(data)
    task = await store.tasks.create(NewCompile(..., module=blob))
"""

from appliance.store.blobs import Blobs
from appliance.store.opening import Store, open_store
from appliance.store.tasks import Tasks

__all__ = ["Blobs", "Store", "Tasks", "open_store"]
