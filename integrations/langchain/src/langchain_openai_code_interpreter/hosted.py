"""Items of other hosted tools as standard blocks, and back.

The blocks are those that LangChain's own OpenAI model makes with `output_version="v1"`: a
`server_tool_call` beside its `server_tool_result`, an `image` for a picture that was generated.
Fields that the standard has no place for are in the call's `extras`, so that the next request sends
what the API had sent. Any other item, such as `mcp_approval_request`, is a `non_standard` block.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from openai_code_interpreter._sansio.wire import Wire, as_wire, mapping, optional_text, text

__all__ = ["IMAGE_ITEM", "hosted_blocks", "hosted_item", "image_item"]

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
