"""Container file citations: which files a message cites, and where in its text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openai_code_interpreter.testing.server.containers import ContainerFile

__all__ = ["citations"]

# What may not follow a link: a longer name that happens to begin with a known file's.
_NAME_ENDS = r"(?![\w/-]|\.\w)"


def citations(
    text: str, *, displayed: Iterable[ContainerFile], written: Iterable[ContainerFile]
) -> list[dict[str, Any]]:
    """Return a message's annotations, in the order of the API's.

    Args:
        text: The message's text.
        displayed: Pictures shown by calls since the message before; each is cited at 0, 0.
        written: Files that code wrote in this response; each is cited wherever the text links
            it as `sandbox:<path>`, with the half-open span of exactly that, in code points.
    """
    shown = [_citation(file, 0, 0) for file in displayed]
    linked = [
        _citation(file, match.start(), match.end())
        for file in written
        for match in re.finditer(re.escape(f"sandbox:{file.path}") + _NAME_ENDS, text)
    ]
    return shown + sorted(linked, key=lambda citation: int(citation["start_index"]))


def _citation(file: ContainerFile, start: int, end: int) -> dict[str, Any]:
    return {
        "type": "container_file_citation",
        "container_id": file.container_id,
        "end_index": end,
        "file_id": file.id,
        "filename": file.name,
        "start_index": start,
    }
