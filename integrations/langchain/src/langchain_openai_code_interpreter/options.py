"""The options of the chat model, as pydantic fields, and what of them the API and the SDK get."""

from __future__ import annotations

from typing import Any

from langchain_core.utils import secret_from_env
from pydantic import ConfigDict, Field, SecretStr, model_validator

from langchain_openai_code_interpreter.compat import constructor_options
from openai_code_interpreter import ArtifactStore
from openai_code_interpreter._sansio.config import AUTO, Container
from openai_code_interpreter._sansio.options import ContainerOptions, DeliveryOptions

__all__ = ["ChatOptions"]


class ChatOptions(DeliveryOptions, ContainerOptions):
    """The fields of `ChatOpenAICodeInterpreter`.

    The names of `ChatOpenAI` are understood too, and options of `responses.create` that are no
    fields are put into `model_kwargs`; see `compat`.
    """

    model_config = ConfigDict(populate_by_name=True, arbitrary_types_allowed=True, extra="forbid")

    model: str
    """The model's name, such as `gpt-5`."""

    container: Container = AUTO
    """`"auto"`, the id of a container, a `ContainerConfig` or a `ManagedContainer`."""

    files: list[Any] = Field(default_factory=list, exclude=True, repr=False)
    """Files that every call hands in: paths, `(name, bytes)`, file ids, artifacts."""

    include_outputs: bool = True
    """Ask the API for logs and images of the code."""

    artifact_store: ArtifactStore | None = Field(default=None, exclude=True, repr=False)
    """Where generated files go; by default the memory of this process."""

    inline_max_bytes: int = Field(default=256 * 1024, ge=0)
    """Images up to this size in bytes, at most four a response, are `image` blocks with base64;
    0 makes every file a reference. Do that where a checkpointer keeps every turn: it would keep
    every picture once for each turn that follows it."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = Field(default=None, gt=0)
    """The most tokens that a response may have; the API's `max_output_tokens`."""
    reasoning: dict[str, Any] | None = None
    """Reasoning options, such as `{"effort": "low", "summary": "auto"}`."""
    reasoning_effort: str | None = None
    """Short for `reasoning={"effort": …}`."""
    verbosity: str | None = None
    """How much the model says: `"low"`, `"medium"` or `"high"`; the API's `text.verbosity`."""
    service_tier: str | None = None
    """The tier that serves the request, such as `"flex"` or `"priority"`."""
    store: bool | None = None
    """Whether the API keeps the response. With `False`, reasoning is asked for in encrypted form,
    and sent back with the next turn."""
    truncation: str | None = None
    """`"auto"` drops the oldest items of a history that is too long; `"disabled"` is an error."""
    user: str | None = None
    """The end user, for the API's own records."""
    include: list[str] | None = None
    """What else to ask for, such as `["message.output_text.logprobs"]`."""
    use_previous_response_id: bool = False
    """Send only what came after the newest answer, and that answer's id in place of the rest. The
    API must have kept the answer (`store`)."""
    stop: list[str] | str | None = Field(default=None, alias="stop_sequences")
    """LangChain's stop sequences. The API has none: they are left out, with a warning."""
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    """Any other options of `responses.create`, such as `{"metadata": {"team": "blue"}}`: the
    field `metadata` is LangChain's, and goes to traces."""
    streaming: bool = False
    """Stream even where a plain answer was asked for."""

    api_key: SecretStr | None = Field(
        default_factory=secret_from_env("OPENAI_API_KEY", default=None)
    )
    base_url: str | None = None
    organization: str | None = None
    timeout: Any = None
    """Seconds that a single wait for the network may take, or the SDK's `Timeout`; by default the
    SDK's ten minutes. Code that runs longer without a word needs a longer one."""
    max_retries: int | None = Field(default=None, ge=0)
    """How often the SDK tries a request again; by default its own two."""
    default_headers: dict[str, str] | None = Field(default=None, repr=False)
    default_query: dict[str, object] | None = Field(default=None, repr=False)

    client: Any = Field(default=None, exclude=True, repr=False)
    """A sync client of the SDK, `OpenAI` or `AzureOpenAI`, to use instead of one made here."""
    async_client: Any = Field(default=None, exclude=True, repr=False)
    """The same for async. If only one of the two is given, the other is derived from it."""

    @model_validator(mode="before")
    @classmethod
    def _understand_chat_openai(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        aliases = {field.alias for field in cls.model_fields.values() if field.alias}
        return constructor_options(given, frozenset(cls.model_fields) | aliases)

    def client_options(self) -> dict[str, Any]:
        """Return what the SDK's clients are made with."""
        return {
            "api_key": self.api_key.get_secret_value() if self.api_key else None,
            "base_url": self.base_url,
            "organization": self.organization,
            "timeout": self.timeout,
            "max_retries": self.max_retries,
            "default_headers": self.default_headers,
            "default_query": self.default_query,
        }

    def api_options(self) -> dict[str, Any]:
        """Return the options of `responses.create` that every call has, in this class's names."""
        named = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "reasoning": self.reasoning,
            "reasoning_effort": self.reasoning_effort,
            "verbosity": self.verbosity,
            "service_tier": self.service_tier,
            "store": self.store,
            "truncation": self.truncation,
            "user": self.user,
            "include": self.include,
        }
        return {key: value for key, value in named.items() if value is not None}
