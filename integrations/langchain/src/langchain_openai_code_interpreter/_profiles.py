"""What is known of models without asking: the profile that LangChain's middleware reads.

The numbers are those of the models' own pages, in tokens. No list is ever complete: of a name that
is not here only the numbers are left out, and `profile=` of the model replaces all of it.
"""

from __future__ import annotations

import re
from typing import Final

from langchain_core.language_models.model_profile import ModelProfile

from openai_code_interpreter.adapters import is_reasoning_model

__all__ = ["profile_of"]

_WINDOWS: Final[dict[str, tuple[int, int]]] = {
    "gpt-4.1": (1_047_576, 32_768),
    "gpt-4o": (128_000, 16_384),
    "gpt-5": (272_000, 128_000),
    "gpt-5-pro": (272_000, 272_000),
    "gpt-5.1": (272_000, 128_000),
    "gpt-5.2": (272_000, 128_000),
    "gpt-5.3-codex": (400_000, 128_000),
    "gpt-5.4": (1_050_000, 128_000),
    "gpt-5.4-mini": (400_000, 128_000),
    "gpt-5.4-nano": (400_000, 128_000),
    "gpt-5.5": (1_050_000, 128_000),
    "gpt-5.6": (1_050_000, 128_000),
    "o1": (200_000, 100_000),
    "o3": (200_000, 100_000),
    "o4-mini": (200_000, 100_000),
}
"""Tokens of input and of output, by the beginning of the model's name."""

_DATE: Final = re.compile(r"-\d{4}-\d{2}-\d{2}$")


def profile_of(model: str) -> ModelProfile:
    """Return the profile of a model: what this plugin can do, and the model's window if known.

    Args:
        model: The model's name; a date at its end, or the prefix of a fine-tuned model, does not
            matter.
    """
    name = _DATE.sub("", model.removeprefix("ft:").partition(":")[0])
    profile = ModelProfile(
        text_inputs=True,
        image_inputs=True,
        image_url_inputs=True,
        pdf_inputs=True,
        audio_inputs=False,
        video_inputs=False,
        image_tool_message=True,
        pdf_tool_message=True,
        text_outputs=True,
        image_outputs=True,
        audio_outputs=False,
        video_outputs=False,
        reasoning_output=is_reasoning_model(model),
        tool_calling=True,
        tool_choice=True,
        structured_output=True,
    )
    window = _window(name)
    if window is not None:
        profile["max_input_tokens"], profile["max_output_tokens"] = window
    return profile


def _window(name: str) -> tuple[int, int] | None:
    """The window of the longest known name that this one is, or that it begins with and a dash."""
    fitting = [known for known in _WINDOWS if name == known or name.startswith(f"{known}-")]
    return _WINDOWS[max(fitting, key=len)] if fitting else None
