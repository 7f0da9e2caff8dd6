"""Files of the chats: kept on disk under the names a bot downloads them by, known to the store by file_id."""

import asyncio
import mimetypes
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sandbox.telegram.errors import bad_request
from sandbox.telegram.photos import Rendition, renditions, thumbnail
from sandbox.telegram.store import Json, Store

MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024
MAX_BOT_UPLOAD_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True)
class Upload:
    """A file as somebody sent it."""

    name: str
    data: bytes
    mime_type: str | None = None


@dataclass(frozen=True)
class StoredFile:
    """A file of a chat; a photo is several of them, that share `photo_id`."""

    file_id: str
    unique_id: str
    kind: str
    photo_id: str | None
    path: str
    size: int
    mime_type: str
    name: str | None
    width: int | None
    height: int | None

    def photo_size(self) -> Json:
        """The Bot API's PhotoSize."""
        size = {"width": self.width, "height": self.height, "file_size": self.size}
        return {"file_id": self.file_id, "file_unique_id": self.unique_id, **size}


class Files:
    """Writes the bytes first and the row after: a row always has its bytes."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    async def save_photo(self, data: bytes) -> list[Json]:
        """Keep a photo in its sizes; the message's `photo`. Raises ApiError 400 where Telegram takes no photo."""
        if not data:
            raise bad_request("file must be non-empty")
        sizes = await asyncio.to_thread(renditions, data)
        photo_id = secrets.token_urlsafe(9)
        return [self._save_size(size, "photo", photo_id).photo_size() for size in sizes]

    async def save_document(self, upload: Upload) -> Json:
        """Keep a file as it is; the message's `document`, with a thumbnail where it is a picture."""
        if not upload.data:
            raise bad_request("file must be non-empty")
        mime_type = upload.mime_type or mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
        suffix = Path(upload.name).suffix[:16]
        kept = self._save(upload.data, kind="document", suffix=suffix, mime_type=mime_type, name=upload.name)
        small = await asyncio.to_thread(thumbnail, upload.data)
        body = {
            "file_name": upload.name,
            "mime_type": mime_type,
            "file_id": kept.file_id,
            "file_unique_id": kept.unique_id,
            "file_size": kept.size,
        }
        return {**body, "thumbnail": self._save_size(small, "thumbnail", None).photo_size()} if small else body

    def find(self, file_id: str) -> StoredFile | None:
        """The file, or None."""
        row = self._store.row("SELECT * FROM files WHERE file_id = ?", file_id)
        return None if row is None else StoredFile(**row)

    def by_path(self, path: str) -> StoredFile | None:
        """The file that a bot downloads by this path, or None."""
        row = self._store.row("SELECT * FROM files WHERE path = ?", path)
        return None if row is None else StoredFile(**row)

    def sizes_of(self, photo_id: str) -> list[Json]:
        """All sizes of a photo that is already here, ascending: sending by file_id uploads nothing."""
        rows = self._store.rows("SELECT * FROM files WHERE photo_id = ? ORDER BY width * height", photo_id)
        return [StoredFile(**row).photo_size() for row in rows]

    def on_disk(self, file: StoredFile) -> Path:
        """Where the bytes are."""
        return self._folder / file.path

    def forget(self) -> None:
        """Remove the bytes of all files."""
        for path in self._folder.glob("*/*"):
            path.unlink(missing_ok=True)

    def _save_size(self, size: Rendition, kind: str, photo_id: str | None) -> StoredFile:
        return self._save(
            size.data, kind=kind, suffix=".jpg", mime_type="image/jpeg", photo_id=photo_id, width=size.width, height=size.height
        )

    def _save(self, data: bytes, *, kind: str, suffix: str, mime_type: str, **more: object) -> StoredFile:
        path = f"{kind}s/file_{self._store.count_up('file', 1)}{suffix}"
        self._write(path, data)
        ids = {"file_id": f"{kind}-{secrets.token_urlsafe(24)}", "unique_id": secrets.token_urlsafe(9)}
        row = {"photo_id": None, "name": None, "width": None, "height": None, **more}
        self._store.insert("files", kind=kind, path=path, size=len(data), mime_type=mime_type, **ids, **row)
        return cast(StoredFile, self.find(ids["file_id"]))

    def _write(self, path: str, data: bytes) -> None:
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
