"""Containers: which one a response used, one of your own, and what happens when one is gone."""

from __future__ import annotations

from openai_code_interpreter.containers.managed import ManagedContainer
from openai_code_interpreter.containers.metadata import METADATA_KEY, container_id_from_metadata
from openai_code_interpreter.containers.options import ContainerOptions

__all__ = [
    "METADATA_KEY",
    "ContainerOptions",
    "ManagedContainer",
    "container_id_from_metadata",
]
