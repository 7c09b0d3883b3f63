"""The state behind `/v1/responses/{response_id}`: responses, some of them still in the making."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openai_code_interpreter.testing.server.errors import (
    previous_response_not_found,
    response_not_found,
)
from openai_code_interpreter.testing.server.response_object import cancelled

if TYPE_CHECKING:
    from openai_code_interpreter.testing.server.requests import ResponsesRequest
    from openai_code_interpreter.testing.server.response_object import Response

__all__ = ["StoredResponse", "StoredResponses"]


@dataclass(slots=True)
class StoredResponse:
    """One response.

    Attributes:
        request: What asked for it.
        response: What has become of it so far.
        container_id: The container that it may use.
        job: What makes it in the background; `None` for others, which are made when stored.
    """

    request: ResponsesRequest
    response: Response
    container_id: str | None
    job: asyncio.Task[None] | None = None

    async def wait(self) -> None:
        """Wait until it is made; whoever stops waiting does not stop it."""
        if self.job is not None:
            await asyncio.wait({self.job})

    async def cancel(self) -> None:
        """Call off what is not made yet."""
        if self.job is not None and not self.job.done():
            self.job.cancel()
            self.response = cancelled(self.response)
            await self.wait()


class StoredResponses:
    """All stored responses of a server."""

    def __init__(self) -> None:
        """Start with none."""
        self._responses: dict[str, StoredResponse] = {}

    def keep(self, stored: StoredResponse) -> None:
        """Store a response, unless its request says not to."""
        if stored.request.stored:
            self._responses[stored.response["id"]] = stored

    def get(self, response_id: str) -> StoredResponse:
        """Return a response or raise the API's 404."""
        try:
            return self._responses[response_id]
        except KeyError:
            raise response_not_found(response_id) from None

    def before(self, request: ResponsesRequest) -> StoredResponse | None:
        """Return the response that this request continues, if any, or raise the API's 400."""
        if request.previous_response_id is None:
            return None
        try:
            return self._responses[request.previous_response_id]
        except KeyError:
            raise previous_response_not_found(request.previous_response_id) from None

    async def delete(self, response_id: str) -> None:
        """Delete a response or raise the API's 404; one in the making is called off."""
        stored = self.get(response_id)
        del self._responses[response_id]
        await stored.cancel()

    async def close(self) -> None:
        """Call off all that is in the making."""
        for stored in list(self._responses.values()):
            await stored.cancel()
