"""What people and tools say: from content blocks to the parts of a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from langchain_core.messages import is_data_content_block
from langchain_core.messages.block_translators.openai import convert_to_openai_data_block

from openai_code_interpreter import InvalidInputError
from openai_code_interpreter._sansio.wire import Wire, mapping, text

__all__ = ["OWN_ITEMS", "part_of", "say_where"]

_WIRE_PARTS: Final = frozenset({"input_text", "input_image", "input_file"})

OWN_ITEMS: Final = frozenset(
    {
        "apply_patch_call_output",
        "computer_call_output",
        "mcp_approval_response",
        "tool_search_output",
    }
)
"""Blocks of a message that are items of their own beside it, as the API has them."""


def say_where(position: int, number: int, kind: object) -> str:
    """Name a block for an error: the message and the block are counted from 0."""
    return f"block {number} of message {position} ({kind!r})"


def part_of(block: str | dict[Any, Any], position: int, number: int) -> Wire:
    """Return the part of a request that a block of a message becomes.

    Args:
        block: A block in any of the shapes that LangChain has for it.
        position: The place of the message in the conversation, counted from 0.
        number: The place of the block in the message, counted from 0.

    Raises:
        InvalidInputError: If it cannot be sent; the error names the message and the block.
    """
    if isinstance(block, str):
        return {"type": "input_text", "text": block}
    kind = block.get("type")
    where = say_where(position, number, kind)
    try:
        part = _converted(block, kind, where)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InvalidInputError):
            raise
        msg = f"{where} cannot be sent: {error!r}"
        raise InvalidInputError(msg) from error
    if part is None:
        msg = f"block {number} of message {position} has the type {kind!r}, which cannot be sent"
        raise InvalidInputError(msg)
    return part


def _converted(block: dict[Any, Any], kind: Any, where: str) -> Wire | None:
    if kind in _WIRE_PARTS:
        return dict(block)
    if kind == "non_standard":
        value = mapping(block, "value")
        return value if value.get("type") in _WIRE_PARTS else None
    if _is_by_id_only(block):
        msg = (
            f"{where} is named by a file id only, which LangChain's image blocks cannot send: give "
            'it as base64 or url, or as {"type": "input_image", "file_id": …}'
        )
        raise InvalidInputError(msg)
    convert = _CONVERT.get(kind)
    part = None if convert is None else convert(block)
    if part is None and is_data_content_block(block):
        return convert_to_openai_data_block(block, api="responses")
    return part


def _is_by_id_only(block: Wire) -> bool:
    named = block.get("file_id") or (block.get("source_type") == "id")
    return block.get("type") == "image" and bool(named)


def _text(block: Wire) -> Wire:
    return {"type": "input_text", "text": block.get("text") or ""}


def _image_url(block: Wire) -> Wire:
    image = block["image_url"]
    given = image if isinstance(image, dict) else {"url": image}
    return {
        "type": "input_image",
        "image_url": given["url"],
        "detail": given.get("detail") or "auto",
    }


def _image(block: Wire) -> Wire | None:
    if (url := _source_url(block)) is not None:
        return {"type": "input_image", "image_url": url, "detail": "auto"}
    return None


def _file(block: Wire) -> Wire | None:
    if isinstance(block.get("file"), dict):
        return {"type": "input_file", **block["file"]}
    return None


def _document(block: Wire) -> Wire | None:
    """Anthropic's document: text as it is, anything else as a file."""
    source = mapping(block, "source")
    if source.get("type") == "text":
        return {"type": "input_text", "text": text(source, "data")}
    if source.get("type") == "url":
        return {"type": "input_file", "file_url": source["url"]}
    name = text(block, "title") or "document.pdf"
    url = _source_url(block)
    return None if url is None else {"type": "input_file", "filename": name, "file_data": url}


def _source_url(block: Wire) -> str | None:
    """The URL of Anthropic's `source`, a data URL where it holds the bytes."""
    source = mapping(block, "source")
    if source.get("type") == "base64":
        return f"data:{source['media_type']};base64,{source['data']}"
    return source["url"] if source.get("type") == "url" else None


_CONVERT: Final[dict[str, Callable[[Wire], Wire | None]]] = {
    "text": _text,
    "text-plain": lambda block: _text(block) if block.get("text") else None,
    "image_url": _image_url,
    "image": _image,
    "file": _file,
    "document": _document,
}
"""Shapes beside LangChain's own data blocks: those of Chat Completions, and Anthropic's."""
