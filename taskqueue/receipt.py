"""Tell a running task that its message is no longer this worker's: another may be running it at this moment.

    if receipt.is_lost(self.request.id):
        return  # whoever has it now does the rest

A task that writes conditionally needs none of this. In the worker's main process the signal `receipt_lost` says the same.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from celery.utils.dispatch import Signal

receipt_lost = Signal(name="receipt_lost")  # receivers get `task_id`

_VARIABLE = "TASKQUEUE_LOST_RECEIPTS"


def open_folder() -> Path:
    """Before the worker's processes are forked: they inherit the name. A file is what all of them can see, whenever they began."""
    folder = Path(tempfile.mkdtemp(prefix="taskqueue-"))
    os.environ[_VARIABLE] = str(folder)
    return folder


def close_folder(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def mark_lost(task_id: str) -> None:
    """In the main process."""
    if file := _file(task_id):
        file.touch()
    receipt_lost.send(sender=None, task_id=task_id)


def forget(task_id: str) -> None:
    """The task has ended; the same one may be received again."""
    if file := _file(task_id):
        file.unlink(missing_ok=True)


def is_lost(task_id: str) -> bool:
    """Whether this worker has lost the message of a task that it runs. False outside of a worker."""
    file = _file(task_id)
    return file is not None and file.exists()


def _file(task_id: str) -> Path | None:
    folder = os.environ.get(_VARIABLE)
    # An id is whatever the sender chose, so it doesn't name the file.
    return Path(folder, hashlib.sha256(task_id.encode()).hexdigest()) if folder else None
