"""Standard content blocks for what a response is made of, and back from blocks to its items.

Blocks of hosted tools are those that LangChain's own OpenAI model makes with `output_version="v1"`:
a `server_tool_call` beside its `server_tool_result`, an `image` for a picture that was generated.
Fields that the standard has no place for are in the call's `extras`, so that the next request sends
what the API had sent. Any other item, such as `mcp_approval_request`, is a `non_standard` block.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from openai_code_interpreter import (
    Artifact,
    ArtifactError,
    CodeInterpreterCall,
    FunctionCallDone,
)
from openai_code_interpreter.adapters import (
    CALL_ITEM,
    FILE_CITATION,
    Wire,
    as_wire,
    mapping,
    optional_text,
    reference_to,
    text,
)

__all__ = [
    "IMAGE_ITEM",
    "TOOL_NAME",
    "ArtifactBlocks",
    "call_item",
    "citation_block",
    "hosted_blocks",
    "hosted_item",
    "image_item",
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


def call_item(block: Wire) -> Wire | None:
    """Return the code interpreter's call that a block stands for, or None if it is no such."""
    if text(block, "name") != TOOL_NAME:
        return None
    return {
        "type": CALL_ITEM,
        "id": text(block, "id"),
        "container_id": text(mapping(block, "extras"), "container_id"),
        "code": text(mapping(block, "args"), "code"),
        "status": "completed",
    }


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


IMAGE_ITEM: Final = "image_generation_call"

_STATUSES: Final = {"completed": "success", "failed": "error"}
_IMAGE_EXTRAS: Final = (
    "status",
    "background",
    "output_format",
    "quality",
    "revised_prompt",
    "size",
)


class _Tool(NamedTuple):
    """A hosted tool: how its item is told in blocks, and how blocks become its item."""

    name: str
    args: Callable[[Wire], Any]
    output: Callable[[Wire], Any]
    extras: Callable[[Wire], Wire]
    item: Callable[[Wire, Wire], Wire]
    told: Iterable[str]
    """The fields of the item that the blocks show."""


def hosted_blocks(item: Wire) -> list[Wire]:
    """Return the blocks of an output item that this library only passes on."""
    kind, item_id = text(item, "type"), text(item, "id")
    if kind == IMAGE_ITEM and (data := optional_text(item, "result")):
        block: Wire = {"type": "image", "base64": data, "id": item_id}
        form = optional_text(item, "output_format")
        extras = {key: item[key] for key in _IMAGE_EXTRAS if item.get(key) is not None}
        return [{**block, "mime_type": f"image/{form or 'png'}", "extras": extras}]
    if kind not in _TOOLS or not item_id:
        return [{"type": "non_standard", "value": item}]
    tool = _TOOLS[kind]
    shown = {"type", "id", "status", "error", *tool.told}
    left = {key: value for key, value in item.items() if key not in shown and value is not None}
    call: Wire = {
        "type": "server_tool_call",
        "name": tool.name,
        "id": item_id,
        "args": tool.args(item),
    }
    if extras := {**tool.extras(item), **left}:
        call["extras"] = extras
    return [call, _result(item, tool.output(item))]


def hosted_item(call: Wire, result: Wire | None) -> Wire | None:
    """Return the item of a hosted tool's call, ours or `ChatOpenAI`'s; None for an unknown tool.

    Args:
        call: The `server_tool_call` block.
        result: Its `server_tool_result`, if there is one.
    """
    known = {tool.name: (kind, tool) for kind, tool in _TOOLS.items()}
    if text(call, "name") not in known:
        return None
    kind, tool = known[text(call, "name")]
    answer, renamed = result or {}, ("tool_name", "arguments")
    left = {key: value for key, value in mapping(call, "extras").items() if key not in renamed}
    return {**left, "type": kind, "id": text(call, "id"), **tool.item(call, answer)}


def image_item(block: Wire, *, stored: bool) -> Wire | None:
    """Return the item of a picture that the API generated, or None if the block is another's.

    What the API has stored is named by its id, so that the picture is not sent again.
    """
    item_id = text(block, "id")
    if not item_id.startswith("ig_"):
        return None
    named = {"type": IMAGE_ITEM, "id": item_id}
    if stored:
        return named
    status = text(mapping(block, "extras"), "status") or "completed"
    return {**named, "status": status, "result": optional_text(block, "base64")}


def _result(item: Wire, output: Any) -> Wire:
    status = optional_text(item, "status")
    result: Wire = {"type": "server_tool_result", "tool_call_id": text(item, "id")}
    extras: Wire = {}
    if item.get("error"):
        result["status"], extras = "error", {"error": item["error"]}
    elif status is None or status in _STATUSES:
        result["status"] = _STATUSES.get(status or "completed")
    else:
        extras = {"status": status}
    if output:
        result["output"] = output
    return {**result, "extras": extras} if extras else result


def _status(result: Wire) -> str:
    told = text(mapping(result, "extras"), "status")
    return told or ("failed" if result.get("status") == "error" else "completed")


def _search_args(item: Wire) -> Wire:
    # The API refuses the sources of a search when they are sent back.
    return {key: value for key, value in mapping(item, "action").items() if key != "sources"}


def _sources(item: Wire) -> Wire | None:
    sources = mapping(item, "action").get("sources")
    return {"sources": sources} if sources else None


def _mcp_args(item: Wire) -> Any:
    try:
        args = json.loads(text(item, "arguments") or "{}")
    except ValueError:
        return {}
    return as_wire(args) or {}


def _mcp_extras(item: Wire) -> Wire:
    named = {"tool_name": text(item, "name"), "server_label": text(item, "server_label")}
    told = text(item, "arguments")
    return named if _mcp_args(item) or told in ("", "{}") else {**named, "arguments": told}


def _mcp_item(call: Wire, result: Wire) -> Wire:
    extras, error = mapping(call, "extras"), mapping(result, "extras").get("error")
    return {
        "server_label": text(extras, "server_label"),
        "name": text(extras, "tool_name"),
        "arguments": optional_text(extras, "arguments") or json.dumps(mapping(call, "args")),
        "output": result.get("output"),
        **({"error": error} if error else {}),
    }


def _mcp_tools_item(call: Wire, result: Wire) -> Wire:
    error = mapping(result, "extras").get("error")
    known: Wire = {"server_label": text(mapping(call, "extras"), "server_label")}
    return {**known, "tools": result.get("output") or [], **({"error": error} if error else {})}


_TOOLS: Final[dict[str, _Tool]] = {
    "web_search_call": _Tool(
        name="web_search",
        args=_search_args,
        output=_sources,
        extras=lambda _: {},
        item=lambda call, result: {"action": mapping(call, "args"), "status": _status(result)},
        told=["action"],
    ),
    "file_search_call": _Tool(
        name="file_search",
        args=lambda item: {"queries": item.get("queries") or []},
        output=lambda item: item.get("results"),
        extras=lambda _: {},
        item=lambda call, result: {
            "queries": mapping(call, "args").get("queries") or [],
            "results": result.get("output"),
            "status": _status(result),
        },
        told=["queries", "results"],
    ),
    "mcp_call": _Tool(
        name="remote_mcp",
        args=_mcp_args,
        output=lambda item: item.get("output"),
        extras=_mcp_extras,
        item=_mcp_item,
        told=["name", "server_label", "arguments", "output"],
    ),
    "mcp_list_tools": _Tool(
        name="mcp_list_tools",
        args=lambda _: {},
        output=lambda item: item.get("tools"),
        extras=lambda item: {"server_label": text(item, "server_label")},
        item=_mcp_tools_item,
        told=["server_label", "tools"],
    ),
}
"""By the type of the item."""
