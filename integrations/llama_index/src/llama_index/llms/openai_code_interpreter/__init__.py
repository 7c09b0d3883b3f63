"""A LlamaIndex LLM whose model can run Python in a container at OpenAI.

```python
from llama_index.llms.openai_code_interpreter import OpenAICodeInterpreter, get_artifacts

llm = OpenAICodeInterpreter(model="gpt-5")
response = llm.complete("Plot the first ten Fibonacci numbers and save the plot.")
for artifact in get_artifacts(response):
    print(artifact.filename, artifact.size)
```
"""

from __future__ import annotations

from llama_index.llms.openai_code_interpreter._accessors import (
    code_interpreter_events,
    get_artifacts,
    get_container_id,
)
from llama_index.llms.openai_code_interpreter._instrumentation import (
    CodeInterpreterArtifactEvent,
    CodeInterpreterCodeEvent,
    CodeInterpreterContainerEvent,
    CollectedArtifacts,
    ContainerReplacedEvent,
    collect_artifacts,
)
from llama_index.llms.openai_code_interpreter._options import use_container
from llama_index.llms.openai_code_interpreter.base import OpenAICodeInterpreter

__all__ = [
    "CodeInterpreterArtifactEvent",
    "CodeInterpreterCodeEvent",
    "CodeInterpreterContainerEvent",
    "CollectedArtifacts",
    "ContainerReplacedEvent",
    "OpenAICodeInterpreter",
    "code_interpreter_events",
    "collect_artifacts",
    "get_artifacts",
    "get_container_id",
    "use_container",
]
