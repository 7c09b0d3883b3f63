"""What a caller may say of a container, checked before any request is made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)
from pydantic_core import core_schema

__all__ = [
    "AUTO",
    "DEFAULT_NAME",
    "MAX_IDLE_MINUTES",
    "Container",
    "ContainerConfig",
    "DomainSecret",
    "MemoryLimit",
    "NetworkAllowlist",
    "NetworkDisabled",
    "OwnContainer",
    "container_argument",
    "container_arguments",
    "parse_container",
]

AUTO: Final = "auto"
"""Let the API choose a container: a new one, or one that `previous_response_id` still has."""

DEFAULT_NAME: Final = "openai-code-interpreter"
"""What a container that is made here is called in OpenAI's list of containers."""

MAX_IDLE_MINUTES: Final = 20
"""After how many idle minutes a container dies at the latest; the API's own limit, more is a 400
with `integer_above_max_value`."""

MemoryLimit: TypeAlias = Literal["1g", "4g", "16g", "64g"]
"""The sizes of a container's memory, each with a price of its own; see `costs`."""

_Name: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Strict(BaseModel):
    """A value of the request: an unknown key is an error, because the API would answer 400."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DomainSecret(_Strict):
    """A secret that the container may use when it talks to one domain."""

    domain: _Name
    name: _Name
    value: SecretStr


class NetworkDisabled(_Strict):
    """No network access from the container."""

    type: Literal["disabled"] = "disabled"


class NetworkAllowlist(_Strict):
    """Network access to the named domains only."""

    type: Literal["allowlist"] = "allowlist"
    allowed_domains: list[_Name] = Field(min_length=1)
    domain_secrets: list[DomainSecret] | None = None


class ContainerConfig(_Strict):
    """How a new container is made.

    Example:
        ```python
        CodeInterpreter("gpt-5", container=ContainerConfig(memory_limit="4g"))
        ```
    """

    file_ids: list[_Name] | None = None
    """Uploaded files to mount, each as `/mnt/data/<file id>-<name>`."""
    memory_limit: MemoryLimit | None = None
    """Memory of the container; the API's default is `1g`."""
    network_policy: (
        Annotated[NetworkDisabled | NetworkAllowlist, Field(discriminator="type")] | None
    ) = None

    @model_validator(mode="before")
    @classmethod
    def _no_container_id(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            for key in ("id", "container_id"):
                if key in data:
                    msg = (
                        f"{key!r} does not belong to a container configuration: pass the id "
                        "itself, container='cntr_…'. file_ids, memory_limit and network_policy "
                        "are settled when a container is made and cannot be combined with an id"
                    )
                    raise ValueError(msg)
            if data.get("type") == AUTO:
                return {key: value for key, value in data.items() if key != "type"}
        return data

    def to_wire(self) -> dict[str, Any]:
        """The tool's `container` argument, as the API takes it."""
        wire = self.model_dump(exclude_none=True)
        secrets = wire.get("network_policy", {}).get("domain_secrets", ())
        for secret in secrets:
            secret["value"] = secret["value"].get_secret_value()
        return {"type": AUTO, **wire}


class OwnContainer(ABC):
    """A container that is made when it is first used; `ManagedContainer` is the only one.

    It stands here so that a configuration can name one without knowing how it is made. It means
    nothing outside its process: serialised, it is `"auto"`.
    """

    config: ContainerConfig
    """How it is made."""

    @property
    @abstractmethod
    def container_id(self) -> str | None:
        """Its id, or None as long as it is not made."""

    @abstractmethod
    def obtain(self, clients: Any, *, instead_of: str | None = None) -> str:
        """Return its id; it is made if need be, and anew where it is one that is gone."""

    @abstractmethod
    async def aobtain(self, clients: Any, *, instead_of: str | None = None) -> str:
        """Return its id; see `obtain`."""

    @abstractmethod
    def claim(self, container_id: str) -> bool:
        """Whether nobody has claimed that container before: whoever is first pays for it."""

    @abstractmethod
    def has_made(self, container_id: str) -> bool:
        """Whether that container is this one, or was before it expired."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let models hold one as it is."""
        return core_schema.is_instance_schema(
            cls,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda _: AUTO),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        """In JSON it is only known as `"auto"`."""
        return {"const": AUTO}


def _container(value: Any) -> Any:
    if isinstance(value, str):
        if not value.strip():
            msg = (
                "a container id must not be blank: pass 'auto', an id such as 'cntr_…', or a "
                "ContainerConfig"
            )
            raise ValueError(msg)
        return value.strip()
    if isinstance(value, ContainerConfig | OwnContainer):
        return value
    if isinstance(value, Mapping):
        return ContainerConfig.model_validate(value)
    msg = (
        "a container is 'auto', an id, a ContainerConfig or a ManagedContainer, not "
        f"{type(value).__name__}"
    )
    raise ValueError(msg)


Container: TypeAlias = Annotated[str | ContainerConfig | OwnContainer, BeforeValidator(_container)]
"""`"auto"`, a container id, a `ContainerConfig` or a `ManagedContainer`; a mapping is read as a
`ContainerConfig`."""


class _Argument(BaseModel):
    """Gives a plain function argument pydantic's error, which names the field."""

    model_config = ConfigDict(title="CodeInterpreter")

    container: Container


def parse_container(value: object) -> str | ContainerConfig | OwnContainer:
    """Check a `container=` argument.

    Args:
        value: `"auto"`, a container id, a `ContainerConfig` or a mapping of its fields, or a
            `ManagedContainer`.

    Returns:
        `"auto"`, the id without surrounding blanks, a `ContainerConfig`, or what was given.

    Raises:
        ValueError: pydantic's, naming the field and what is allowed.
    """
    return _Argument.model_validate({"container": value}).container


def container_arguments(
    config: ContainerConfig, *, name: str = DEFAULT_NAME, idle_minutes: int = MAX_IDLE_MINUTES
) -> dict[str, Any]:
    """Return the arguments of `containers.create` for a container like that.

    Args:
        config: Its files, memory and network.
        name: Its name.
        idle_minutes: After how many idle minutes the API deletes it.
    """
    settings = config.to_wire()
    del settings["type"]
    expiry = {"anchor": "last_active_at", "minutes": idle_minutes}
    return {"name": name, "expires_after": expiry, **settings}


def container_argument(container: str | ContainerConfig) -> str | dict[str, Any]:
    """Return the `container` of a code-interpreter tool, as the API takes it."""
    if isinstance(container, ContainerConfig):
        return container.to_wire()
    return {"type": AUTO} if container == AUTO else container
