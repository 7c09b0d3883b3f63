"""`CodeInterpreter` and `AsyncCodeInterpreter`: the library without a framework."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from openai_code_interpreter._io.clients import ClientPool
from openai_code_interpreter._io.engine import Engine
from openai_code_interpreter._io.stores import chosen_store
from openai_code_interpreter._io.stream import AsyncCodeInterpreterStream, CodeInterpreterStream
from openai_code_interpreter._sansio.options import (
    InterpreterKeywords,
    InterpreterOptions,
    OffersCode,
)
from openai_code_interpreter._sansio.request import Call
from openai_code_interpreter._sansio.results import CodeInterpreterResult
from openai_code_interpreter._sansio.sources import InputFile, listed_files
from openai_code_interpreter._sansio.storage import ArtifactStore

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

__all__ = ["AsyncCodeInterpreter", "CodeInterpreter"]


class _Interpreter:
    """What both sides share: one engine, and the check of its options."""

    def __init__(self, model: str | None, clients: ClientPool, options: Mapping[str, Any]) -> None:
        for name in options:
            if name not in InterpreterOptions.model_fields:
                raise TypeError(_unknown(type(self).__name__, name))
        chosen_store(options.get("artifact_store"))  # these two say it in plainer words
        listed_files(options.get("files", ()))
        self._engine = Engine(
            model=model, clients=clients, options=InterpreterOptions.model_validate(options)
        )

    @property
    def artifact_store(self) -> ArtifactStore:
        """Where generated files go."""
        return self._engine.artifact_store


class CodeInterpreter(_Interpreter):
    """Lets a model run Python in a container at OpenAI and brings back what it made.

    Args:
        model: The model's name, such as `gpt-5`. Without one, each call names its own, or a stored
            `prompt` that has one.
        client: The SDK's client, `OpenAI` or `AzureOpenAI`; by default one from the SDK's own
            environment variables.
        **options: Where code runs, what becomes of files, and what every call hands in; see
            `InterpreterKeywords`.

    Raises:
        TypeError: If there is no such option.
        ValueError: If `container` or another option is not valid.
        openai.OpenAIError: The SDK's own, if there is no API key.

    Example:
        ```python
        ci = CodeInterpreter("gpt-5", artifact_store=DirectoryStore("output"))
        result = ci.run("Save the first ten Fibonacci numbers as fibonacci.csv.")
        print(result.text, [artifact.location for artifact in result.artifacts])
        ci.run("Sum them.", container=result.container_id)
        ```
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        client: OpenAI | None = None,
        **options: Unpack[InterpreterKeywords],
    ) -> None:
        super().__init__(model, ClientPool(client=client), options)
        self._engine.clients.sync()  # a missing key is told here, not at the first run

    def cleanup(self) -> list[str]:
        """Delete everything that `files=` uploaded; containers keep their copies.

        Returns:
            The ids of files that could not be deleted.
        """
        return self._engine.cleanup()

    def run(
        self,
        input: str | Sequence[Any],  # noqa: A002 - the API's own name
        *,
        container: object = None,
        files: Sequence[InputFile] = (),
        code_interpreter: OffersCode | None = None,
        cleanup: bool | None = None,
        **options: Any,
    ) -> CodeInterpreterResult:
        """Ask, wait, and return the result with its files.

        Args:
            input: A text, or a list of Responses input items; a result of an earlier turn among
                them stands for what it put out, and the call goes on in its container.
            container: Another container for this call.
            files: Files that this call hands in; the model is told where each lies.
            code_interpreter: False leaves the tool out of this call.
            cleanup: Delete what `files` uploaded when the response is over.
            **options: Any option of `responses.create`, such as `previous_response_id`.

        Returns:
            The result. An incomplete response is one too, with its `incomplete_reason`.

        Raises:
            InvalidInputError: If the input is empty, or a file cannot be handed in.
            ContainerExpiredError: If its container is gone and was not replaced.
            ResponseFailedError: If the API says that the response failed.
            StreamInterruptedError: If the answer could not be read.
            openai.OpenAIError: Whatever the SDK raises for the request.
        """
        stream = self._engine.stream(
            Call(
                input=input,
                container=container,
                files=files,
                code_interpreter=code_interpreter,
                cleanup=cleanup,
                options=options,
                in_one_piece=True,
            )
        )
        for _ in stream.steps():
            pass
        return stream.result

    def stream(
        self,
        input: str | Sequence[Any],  # noqa: A002 - the API's own name
        *,
        container: object = None,
        files: Sequence[InputFile] = (),
        code_interpreter: OffersCode | None = None,
        cleanup: bool | None = None,
        **options: Any,
    ) -> CodeInterpreterStream:
        """Return a stream of events; the request is made when it is first iterated.

        Args:
            input: A text, or a list of Responses input items; a result of an earlier turn among
                them stands for what it put out, and the call goes on in its container.
            container: Another container for this call.
            files: Files that this call hands in; the model is told where each lies.
            code_interpreter: False leaves the tool out of this call.
            cleanup: Delete what `files` uploaded when the response is over.
            **options: Any option of `responses.create`.

        Raises:
            InvalidInputError: If the input is empty.
            ValueError: If `container` is not valid.
        """
        return self._engine.stream(
            Call(
                input=input,
                container=container,
                files=files,
                code_interpreter=code_interpreter,
                cleanup=cleanup,
                options=options,
            )
        )


class AsyncCodeInterpreter(_Interpreter):
    """The async twin of `CodeInterpreter`: `await run(…)`, `async with stream(…)`.

    One object may be used from several event loops, one after the other: it has a client for each.

    Args:
        model: The model's name, unless each call names its own.
        client: The SDK's async client, `AsyncOpenAI` or `AsyncAzureOpenAI`.
        **options: The same as those of `CodeInterpreter`; see `InterpreterKeywords`.

    Raises:
        TypeError: If there is no such option.
        ValueError: If `container` or another option is not valid.

    Example:
        ```python
        ci = AsyncCodeInterpreter("gpt-5")
        async with ci.stream("Plot a parabola.") as stream:
            async for event in stream:
                ...
        print(stream.result.text)
        ```
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        client: AsyncOpenAI | None = None,
        **options: Unpack[InterpreterKeywords],
    ) -> None:
        super().__init__(model, ClientPool(async_client=client), options)

    async def cleanup(self) -> list[str]:
        """Delete everything that `files=` uploaded; see `CodeInterpreter.cleanup`."""
        return await self._engine.acleanup()

    async def run(
        self,
        input: str | Sequence[Any],  # noqa: A002 - the API's own name
        *,
        container: object = None,
        files: Sequence[InputFile] = (),
        code_interpreter: OffersCode | None = None,
        cleanup: bool | None = None,
        **options: Any,
    ) -> CodeInterpreterResult:
        """Ask, wait, and return the result with its files; see `CodeInterpreter.run`."""
        stream = self._engine.astream(
            Call(
                input=input,
                container=container,
                files=files,
                code_interpreter=code_interpreter,
                cleanup=cleanup,
                options=options,
                in_one_piece=True,
            )
        )
        async for _ in stream.steps():
            pass
        return stream.result

    def stream(
        self,
        input: str | Sequence[Any],  # noqa: A002 - the API's own name
        *,
        container: object = None,
        files: Sequence[InputFile] = (),
        code_interpreter: OffersCode | None = None,
        cleanup: bool | None = None,
        **options: Any,
    ) -> AsyncCodeInterpreterStream:
        """Return a stream of events, not to be awaited; see `CodeInterpreter.stream`."""
        return self._engine.astream(
            Call(
                input=input,
                container=container,
                files=files,
                code_interpreter=code_interpreter,
                cleanup=cleanup,
                options=options,
            )
        )


def _signature_of(constructor: Callable[..., None]) -> inspect.Signature:
    """Return the signature of a constructor with each keyword spelt out, for editors."""
    own = list(inspect.signature(constructor).parameters.values())[1:-1]
    options = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=InterpreterOptions.model_fields[name].get_default(call_default_factory=True),
            annotation=getattr(kind, "__forward_arg__", kind),
        )
        for name, kind in InterpreterKeywords.__annotations__.items()
    ]
    return inspect.Signature([*own, *options])


CodeInterpreter.__signature__ = _signature_of(CodeInterpreter.__init__)  # type: ignore[attr-defined]
AsyncCodeInterpreter.__signature__ = _signature_of(  # type: ignore[attr-defined]
    AsyncCodeInterpreter.__init__
)


def _unknown(owner: str, name: str) -> str:
    known = [*InterpreterOptions.model_fields, "client", "model"]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f": did you mean {near[0]!r}?" if near else f"; there are {', '.join(sorted(known))}"
    return f"{owner}() got an unexpected keyword argument {name!r}{hint}"
