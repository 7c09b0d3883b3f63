"""The HTTP library that the installed OpenAI SDK stands on: httpx for openai 2, httpx2 for 3."""

from __future__ import annotations

import sys
from typing import Any, Final

import openai

__all__ = ["HTTP"]

HTTP: Final[Any] = sys.modules[openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0]]
"""The module: found through the SDK's own client, so that neither library is named or needed."""
