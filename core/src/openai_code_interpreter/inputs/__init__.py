"""Files that a caller hands in: uploaded once, mounted, and told to the model by their paths."""

from __future__ import annotations

from openai_code_interpreter.inputs.leases import Lease
from openai_code_interpreter.inputs.mounting import Mounted, Placed, Uploaded, with_files
from openai_code_interpreter.inputs.mounts import Mounts
from openai_code_interpreter.inputs.notes import note_for_model, note_item
from openai_code_interpreter.inputs.placing import InputFiles
from openai_code_interpreter.inputs.sources import MAX_INPUT_BYTES, InputFile, listed_files
from openai_code_interpreter.inputs.uploads import Uploads

__all__ = [
    "MAX_INPUT_BYTES",
    "InputFile",
    "InputFiles",
    "Lease",
    "Mounted",
    "Mounts",
    "Placed",
    "Uploaded",
    "Uploads",
    "listed_files",
    "note_for_model",
    "note_item",
    "with_files",
]
