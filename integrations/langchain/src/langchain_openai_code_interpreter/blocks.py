"""Standard content blocks for what the code interpreter made: outputs, citations, files."""

from __future__ import annotations

import base64
import json
from typing import Any, Final

from openai_code_interpreter import (
    Artifact,
    ArtifactError,
    CodeInterpreterCall,
    FunctionCallDone,
)
from openai_code_interpreter._sansio.references import reference_to
from openai_code_interpreter._sansio.wire import FILE_CITATION, Wire, optional_text, text

__all__ = [
    "TOOL_NAME",
    "ArtifactBlocks",
    "citation_block",
    "invalid_call_block",
    "is_whole",
    "result_block",
]

TOOL_NAME: Final = "code_interpreter"

_MAX_INLINE_IMAGES: Final = 4
_SPAN: Final = ("start_index", "end_index")


def result_block(call: CodeInterpreterCall) -> dict[str, Any]:
    """Return the `server_tool_result` of a call, without the bytes of its images.

    An image is an artifact of the message; as a data URI here it would be sent back with every
    later turn and kept in every checkpoint. `extras` names the media type of each. `output` holds
    nothing in their place: other chat models send it back as the API's `outputs`, where an image
    without its URL is refused.
    """
    block: dict[str, Any] = {
        "type": "server_tool_result",
        "tool_call_id": call.id,
        "name": TOOL_NAME,
        "status": "success" if call.status == "completed" else "error",
        "output": [dict(one) for one in call.outputs or () if one.get("type") != "image"],
    }
    images = [image.media_type or "image" for image in call.images]
    return {**block, "extras": {"images": images}} if images else block


def is_whole(call: FunctionCallDone) -> bool:
    """Whether a function call was finished and its arguments are a JSON object."""
    try:
        return call.status == "completed" and isinstance(json.loads(call.arguments or "{}"), dict)
    except ValueError:
        return False


def invalid_call_block(call: FunctionCallDone) -> dict[str, Any]:
    """Return the block of a function call that must not be made."""
    reason = "its arguments are no JSON object"
    return {
        "type": "invalid_tool_call",
        "id": call.call_id,
        "name": call.name,
        "args": call.arguments,
        "error": reason if call.status == "completed" else f"the call is {call.status}",
    }


def citation_block(annotation: Wire) -> dict[str, Any]:
    """Return the standard form of an annotation.

    A file citation becomes a `citation` whose `extras` are the wire's own fields, so that other
    chat models can turn it back.
    """
    kind = text(annotation, "type")
    span = {key: annotation[key] for key in _SPAN if isinstance(annotation.get(key), int)}
    if kind == FILE_CITATION:
        kept = ("type", "container_id", "file_id", "filename")
        extras = {key: annotation[key] for key in kept if key in annotation}
        return {"type": "citation", "title": text(annotation, "filename"), **span, "extras": extras}
    if kind == "url_citation" and (url := optional_text(annotation, "url")):
        return {"type": "citation", "url": url, "title": text(annotation, "title"), **span}
    return {"type": "non_standard_annotation", "value": annotation}


class ArtifactBlocks:
    """Turns artifacts into blocks and counts the images that it has put inline.

    Args:
        inline_max_bytes: The largest image to put inline, in bytes; 0 puts none inline.
    """

    def __init__(self, *, inline_max_bytes: int) -> None:
        self._inline_max_bytes = inline_max_bytes
        self._inline = 0

    def block(self, artifact: Artifact) -> dict[str, Any]:
        """Return an `image` block with base64 for a small picture, else a `file` block.

        A picture that is not inline is a `file` block too: LangChain's converters reject an
        `image` block that has only a file id. `extras` is the reference by which `get_artifacts`
        finds the bytes.
        """
        extras = reference_to(artifact)
        data = self._inline_data(artifact)
        if data is not None:
            block = {"type": "image", "base64": data, "mime_type": artifact.media_type}
        elif artifact.file_id:
            block = {"type": "file", "file_id": artifact.file_id, "mime_type": artifact.media_type}
        else:
            # A picture that only the outputs brought has no id to name it by.
            return {"type": "non_standard", "value": {"type": "artifact", **extras}}
        return {**block, "extras": extras}

    def _inline_data(self, artifact: Artifact) -> str | None:
        if (
            not artifact.inline_safe
            or (artifact.size or 0) > self._inline_max_bytes
            or self._inline_max_bytes == 0
            or self._inline >= _MAX_INLINE_IMAGES
        ):
            return None
        try:
            data = artifact.read_bytes()
        except ArtifactError:
            return None  # the store lost it meanwhile: the answer still stands
        self._inline += 1
        return base64.b64encode(data).decode()
