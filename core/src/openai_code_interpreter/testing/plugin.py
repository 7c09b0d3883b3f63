"""The pytest plugin by its name in this package: `-p openai_code_interpreter.testing.plugin`.

Whoever installed the package has it already, through its entry point. The plugin itself is a module
of its own at the top level, because pytest imports it in every run: importing it from within this
package would import the OpenAI SDK each time.
"""

from __future__ import annotations

__all__ = ["pytest_plugins"]

pytest_plugins = ("pytest_openai_code_interpreter",)
