"""From a generated file to a content block of LlamaIndex.

There is no block for files in general: pictures become an `ImageBlock`, all else a
`DocumentBlock`. Bytes are always given in base64, because these blocks take bytes that merely look
like base64 (`b"12345678"`) for base64 and would hand back others.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import TypeAlias

from llama_index.core.base.llms.types import DocumentBlock, ImageBlock

from openai_code_interpreter import Artifact, ArtifactUnavailableError

__all__ = ["FileBlock", "inline_block", "inline_bytes", "reference_block"]

FileBlock: TypeAlias = ImageBlock | DocumentBlock
"""A block that stands for a generated file."""


def inline_block(artifact: Artifact) -> FileBlock:
    """Return a block that carries the file's bytes.

    Args:
        artifact: A delivered file.

    Returns:
        An `ImageBlock` for a picture that may be shown in place, else a `DocumentBlock`. If the
        file was not fetched, or the store has lost it meanwhile, what `reference_block` returns.
    """
    if not artifact.fetched:
        return reference_block(artifact)
    try:
        data = base64.b64encode(artifact.read_bytes())
    except ArtifactUnavailableError:
        return reference_block(artifact)
    if artifact.inline_safe:
        return ImageBlock(image=data, image_mimetype=artifact.media_type)
    return DocumentBlock(data=data, title=artifact.filename, document_mimetype=artifact.media_type)


def reference_block(artifact: Artifact) -> DocumentBlock:
    """Return a block without bytes, which every memory of LlamaIndex can serialise.

    An agent's default memory is dumped in Python mode and then written as JSON: bytes, `Path` and
    URL objects fail there, and the whole conversation is dropped with a warning. A path that is a
    string passes.

    Args:
        artifact: A delivered file.

    Returns:
        A `DocumentBlock` with the file's path if it lies in a folder, else with its name alone.
    """
    location = artifact.location
    return DocumentBlock(
        path=location if location and Path(location).is_absolute() else None,
        title=artifact.filename,
        document_mimetype=artifact.media_type,
    )


def inline_bytes(block: object) -> bytes | None:
    """Return the bytes that `inline_block` put into a block, or None if it carries none."""
    if isinstance(block, ImageBlock):
        data = block.image
    elif isinstance(block, DocumentBlock):
        data = block.data
    else:
        return None
    if not isinstance(data, bytes):
        return None
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        return None
