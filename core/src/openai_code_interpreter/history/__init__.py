"""What a conversation sends back to the API: made of outputs, checked, mended, cut loose.

- `input_items` and `from_results` make the next request's input of what responses put out.
- `check` says what is wrong with a list of input items, and why.
- `repair` returns a list with nothing wrong in it.
- `detach` takes the runs of code out of a history whose container is gone.
- `mentioned_files` names the container files that a history still speaks of.

Example:
    ```python
    for problem in check(items, store=False):
        print(problem.message)
    items = repair(items, store=False)
    ```
"""

from __future__ import annotations

from openai_code_interpreter.history._checking import check
from openai_code_interpreter.history._items import (
    MAX_INLINE_BYTES,
    Problem,
    ProblemCode,
    mentioned_files,
)
from openai_code_interpreter.history._repairing import detach, repair
from openai_code_interpreter.history._replay import (
    call_input,
    from_results,
    input_items,
    message_input,
    reasoning_input,
)

__all__ = [
    "MAX_INLINE_BYTES",
    "Problem",
    "ProblemCode",
    "call_input",
    "check",
    "detach",
    "from_results",
    "input_items",
    "mentioned_files",
    "message_input",
    "reasoning_input",
    "repair",
]
