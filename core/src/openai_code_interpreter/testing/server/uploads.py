"""The state behind the Files API: what clients uploaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openai_code_interpreter.testing.server.errors import file_not_found

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai_code_interpreter.testing.server.identifiers import Identifiers

__all__ = ["UploadedFile", "Uploads"]


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file of the Files API."""

    id: str
    filename: str
    purpose: str
    created_at: int
    content: bytes

    def wire(self) -> dict[str, Any]:
        """The file as the API describes it."""
        return {
            "object": "file",
            "id": self.id,
            "purpose": self.purpose,
            "filename": self.filename,
            "bytes": len(self.content),
            "created_at": self.created_at,
            "expires_at": None,
            "status": "processed",
            "status_details": None,
        }


class Uploads:
    """All uploaded files of a server."""

    def __init__(self, identifiers: Identifiers, *, clock: Callable[[], float]) -> None:
        """Start with none."""
        self._identifiers = identifiers
        self._clock = clock
        self._files: dict[str, UploadedFile] = {}

    def create(self, filename: str, content: bytes, *, purpose: str) -> UploadedFile:
        """Keep a file."""
        file = UploadedFile(
            id=self._identifiers.new("file"),
            filename=filename,
            purpose=purpose,
            created_at=int(self._clock()),
            content=content,
        )
        self._files[file.id] = file
        return file

    def get(self, file_id: str) -> UploadedFile:
        """Return a file or raise the API's 404."""
        try:
            return self._files[file_id]
        except KeyError:
            raise file_not_found(file_id) from None

    def delete(self, file_id: str) -> None:
        """Delete a file or raise the API's 404."""
        del self._files[self.get(file_id).id]
