"""Multipart form bodies, read from bytes that are already there.

The recorder needs a request's whole body first, and a web framework's form parser wants to
read it from the socket; the standard library's message parser reads the same format.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP

__all__ = ["Part", "parse_form"]


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form.

    Attributes:
        filename: The client's name for the file; `None` for a plain field.
        content: The raw bytes.
    """

    filename: str | None
    content: bytes


def parse_form(content_type: str, body: bytes) -> dict[str, Part]:
    """Return a form's fields by name; empty if the body is no form.

    Args:
        content_type: The `Content-Type` header, with its boundary.
        body: The whole body.
    """
    header = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    form = BytesParser(EmailMessage, policy=HTTP).parsebytes(header + body)
    parts = {}
    for part in form.iter_parts() if form.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            parts[name] = Part(filename=part.get_filename(), content=content)
    return parts
