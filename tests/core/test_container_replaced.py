"""A request whose container is gone goes on in another one: every way to lose it and to ask."""

from __future__ import annotations

import asyncio
import json
import pickle
import re
import warnings

import openai
import pytest
from openai import OpenAI

from openai_code_interpreter import (
    ContainerExpiredError,
    ContainerReplaced,
    ManagedContainer,
    MemoryStore,
    UnusedContainerWarning,
)
from openai_code_interpreter.history import check, from_results, input_items
from openai_code_interpreter.testing import (
    ExpireMidStream,
    RejectRequest,
    RunCode,
    Say,
    Think,
    Turn,
)
from stand_in_support import asked

pytestmark = pytest.mark.timeout(60)

QUESTION = {"role": "user", "content": "Write t.csv."}
NEXT = {"role": "user", "content": "What is in it?"}
FIRST = Turn(
    Think("First."),
    RunCode("_ = open('t.csv', 'w').write('a,b')\nprint('written')"),
    Say("See [t.csv](sandbox:/mnt/data/t.csv)."),
)
LOOK = RunCode(
    "import os\n"
    "for name in sorted(os.listdir('/mnt/data')):\n"
    "    print(name.rpartition('-')[2], open(f'/mnt/data/{name}').read())\n"
)
SECOND = Turn(LOOK, Say("Looked."))


class Asker:
    """Asks in one of the four ways, and remembers the events of the last time."""

    def __init__(self, way, make):
        self.way = way
        self.make = make
        self.events = []

    async def __call__(self, ci, prompt, **options):
        if self.way == "run":
            result = await asyncio.to_thread(ci.run, prompt, **options)
        elif self.way == "async run":
            result = await ci.run(prompt, **options)
        elif self.way == "stream":
            result = await asyncio.to_thread(self._stream, ci, prompt, options)
        else:
            self.events = []
            async with ci.stream(prompt, **options) as stream:
                async for event in stream:
                    self.events.append(event)
            result = stream.result
        return result

    def _stream(self, ci, prompt, options):
        self.events = []
        with ci.stream(prompt, **options) as stream:
            for event in stream:
                self.events.append(event)
        return stream.result

    @property
    def streams(self):
        return self.way.endswith("stream")


@pytest.fixture(params=["run", "stream", "async run", "async stream"])
def ask(request, interpreter, async_interpreter):
    make = async_interpreter if request.param.startswith("async") else interpreter
    return Asker(request.param, make)


def logs(result):
    return "".join(call.logs for call in result.calls)


def expire(server, first):
    server.advance(minutes=25)


def delete(server, first):
    with OpenAI(base_url=server.url, api_key="test") as client:
        client.containers.delete(first.container_id)


WAYS = {
    "its id, expired": (expire, lambda first: (NEXT["content"], {"container": first.container_id})),
    "its id, deleted": (delete, lambda first: (NEXT["content"], {"container": first.container_id})),
    "a chain": (expire, lambda first: ("go on", {"previous_response_id": first.response_id})),
    "the calls": (expire, lambda first: ([QUESTION, *input_items(first.output), NEXT], {})),
    "a result": (expire, lambda first: ([QUESTION, first, NEXT], {})),
}


@pytest.mark.parametrize("way", WAYS)
async def test_it_goes_on_with_its_files(way, serve, ask):
    """However the container was named, and whatever the API says of it."""
    lose, build = WAYS[way]
    server = serve(FIRST, SECOND)
    ci = ask.make(server)
    first = await ask(ci, [QUESTION])
    lose(server, first)
    prompt, options = build(first)
    second = await ask(ci, prompt, **options)
    assert logs(second) == "t.csv a,b\n"
    assert second.container_id != first.container_id
    (use,) = second.containers
    assert (use.how, use.container_id, use.replaced_id) == (
        "replaced", second.container_id, first.container_id,
    )  # fmt: skip
    assert str(use.estimated_cost) == "0.03"
    sent = asked(server)[-1].body
    assert check(sent["input"], container_id=second.container_id) == []
    assert "previous_response_id" not in sent
    if ask.streams:
        assert [one for one in ask.events if isinstance(one, ContainerReplaced)] == [
            ContainerReplaced(
                old_id=first.container_id,
                new_id=second.container_id,
                restored=["t.csv"],
                lost=[],
            )
        ]
        assert ask.events[0].type == "container_replaced"


async def test_the_old_call_is_told_as_text(serve, ask):
    """Code and what it printed; its reasoning went with it."""
    server = serve(FIRST, SECOND)
    ci = ask.make(server)
    first = await ask(ci, [QUESTION])
    server.advance(minutes=25)
    await ask(ci, [QUESTION, first, NEXT], temperature=0.5)
    body = asked(server)[-1].body
    kinds = [item.get("role") or item["type"] for item in body["input"]]
    assert kinds == ["user", "assistant", "assistant", "developer", "user"]
    assert "open('t.csv', 'w')" in body["input"][1]["content"]
    assert "written" in body["input"][1]["content"]
    assert body["temperature"] == 0.5
    (path,) = re.findall(r'is now "(.+)"', body["input"][3]["content"])
    assert path.endswith("-t.csv")


async def test_a_chain_of_three_is_read_from_the_api(serve, ask):
    """Another object remembers nothing; the API does."""
    server = serve(FIRST, Turn(RunCode("print(2)"), Say("Two.")), Turn(Say("Three.")), SECOND)
    ci = ask.make(server)
    first = await ask(ci, "one")
    second = await ask(ci, "two", previous_response_id=first.response_id)
    third = await ask(ci, "three", previous_response_id=second.response_id)
    server.advance(minutes=25)
    result = await ask(ask.make(server), "four", previous_response_id=third.response_id)
    said = json.dumps(asked(server)[-1].body["input"])
    places = [said.index(f'"{word}"') for word in ("one", "two", "three", "four")]
    assert places == sorted(places)
    assert said.count("Three.") == 1
    assert result.text == "Looked."
    assert result.containers[0].replaced_id == first.container_id


async def test_a_chain_that_cannot_be_read_is_an_error(serve, ask):
    """It says what to do instead."""
    server = serve(FIRST, Turn(RunCode("print(2)"), Say("Two.")))
    ci = ask.make(server)
    first = await ask(ci, "one")
    second = await ask(ci, "two", previous_response_id=first.response_id)
    server.advance(minutes=25)
    with OpenAI(base_url=server.url, api_key="test") as client:
        client.responses.delete(first.response_id)
    with pytest.raises(ContainerExpiredError, match="send the messages themselves") as caught:
        await ask(ask.make(server), "three", previous_response_id=second.response_id)
    assert isinstance(caught.value.__cause__, openai.NotFoundError)


@pytest.mark.parametrize(("allowed", "restored"), [(0, []), (6, ["b.csv", "c.csv"]), (9, "all")])
async def test_the_newest_files_come_first(allowed, restored, serve, ask):
    """What does not fit is named as lost."""
    write = "for n in 'abc':\n    _ = open(f'{n}.csv', 'w').write(n * 3)\n"
    names = ["a.csv", "b.csv", "c.csv"]
    links = " ".join(f"[{name}](sandbox:/mnt/data/{name})" for name in names)
    server = serve(Turn(RunCode(write), Say(links)), SECOND)
    ci = ask.make(server, restore_max_bytes=allowed)
    first = await ask(ci, [QUESTION])
    server.advance(minutes=25)
    second = await ask(ci, [QUESTION, first, NEXT])
    wanted = names if restored == "all" else restored
    assert sorted(line.partition(" ")[0] for line in logs(second).splitlines()) == wanted
    if ask.streams:
        assert sorted(ask.events[0].lost) == [name for name in names if name not in wanted]


async def test_what_nobody_speaks_of_stays_away(serve, ask):
    """A later turn that said nothing of a file does not need it."""
    write = "for n in 'ab':\n    _ = open(f'/mnt/data/{n}.csv', 'w').write(n)\n"
    server = serve(Turn(RunCode(write), Say("See [a](sandbox:/mnt/data/a.csv).")), SECOND)
    ci = ask.make(server, list_files="always")
    first = await ask(ci, [QUESTION])
    assert len(first.artifacts) == 2
    server.advance(minutes=25)
    said = {"role": "assistant", "content": "See a.csv."}
    second = await ask(ci, [QUESTION, said, NEXT], container=first.container_id)
    assert logs(second) == "a.csv a\n"


async def test_a_file_that_the_store_lost_is_lost(serve, ask):
    """The others, and the answer, come all the same."""
    store, content = MemoryStore(), f"only in this test, {ask.way}"
    write = RunCode(f"_ = open('t.csv', 'w').write({content!r})")
    server = serve(Turn(write, *FIRST.steps[2:]), SECOND)
    ci = ask.make(server, artifact_store=store)
    first = await ask(ci, [QUESTION])
    store._files.clear()
    server.advance(minutes=25)
    second = await ask(ci, [QUESTION, first, NEXT])
    assert (second.text, logs(second)) == ("Looked.", "")
    if ask.streams:
        assert (ask.events[0].restored, ask.events[0].lost) == ([], ["t.csv"])


async def test_files_that_were_handed_in_are_there_again(serve, ask):
    """Those of the call, and those of the turn before."""
    server = serve(Turn(LOOK, Say("One.")), SECOND)
    ci = ask.make(server)
    first = await ask(ci, [QUESTION], files=[("in.csv", b"1")])
    server.advance(minutes=25)
    second = await ask(ci, [QUESTION, first, NEXT], files=[("more.csv", b"2")])
    assert sorted(logs(second).splitlines()) == ["in.csv 1", "more.csv 2"]


async def test_the_turn_after_goes_on_there(serve, ask):
    """Results name the new container, also if no code ran in it."""
    server = serve(FIRST, Turn(Say("No code.")), SECOND)
    ci = ask.make(server)
    first = await ask(ci, [QUESTION])
    server.advance(minutes=25)
    second = await ask(ci, [QUESTION, first, NEXT])
    assert second.container_id in server.containers
    third = await ask(ci, [QUESTION, first, NEXT, second, NEXT])
    assert third.container_id == second.container_id
    assert logs(third) == "t.csv a,b\n"
    assert [use.how for use in third.containers] == ["used"]


async def test_a_second_loss_is_an_error(serve, ask):
    """Once, not for ever."""
    server = serve(Turn(Say("x"), faults=[RejectRequest(404, "Container is expired.")]))
    with pytest.raises(ContainerExpiredError, match="replaced once") as caught:
        await ask(ask.make(server), "go", container="cntr_1")
    error = caught.value
    assert isinstance(error, openai.APIError)
    assert (error.status_code, error.partial.text) == (404, "")
    assert isinstance(error.__cause__, openai.NotFoundError)
    assert len(asked(server)) == 2
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.status_code, again.container_id) == (
        str(error), 404, error.container_id,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "call", "match"),
    [
        ({"on_expired": "raise"}, {}, "ask again in another container"),
        ({}, {"conversation": "conv_1"}, "start another conversation"),
    ],
)
async def test_when_it_is_not_replaced(options, call, match, serve, ask):
    """The error says why, and nothing is made."""
    fault = RejectRequest(400, "Container is expired.", times=1)
    server = serve(Turn(Say("x"), faults=[fault]))
    with pytest.raises(ContainerExpiredError, match=match) as caught:
        await ask(ask.make(server, **options), "go", container="cntr_1", **call)
    assert (caught.value.container_id, caught.value.status_code) == ("cntr_1", 404)
    assert [request.path for request in server.requests] == ["/v1/responses"]


@pytest.mark.parametrize("shape", ["nested", "flat"])
@pytest.mark.parametrize("after", [1, 2, 3, 4])
async def test_a_loss_before_any_code_is_mended_in_the_stream(after, shape, serve, ask):
    """What was told until then need not be taken back."""
    if not ask.streams:
        pytest.skip("what comes in one piece has no middle")
    fault = ExpireMidStream(after_events=after, shape=shape)
    server = serve(FIRST, Turn(LOOK, faults=[fault]), SECOND)
    ci = ask.make(server)
    first = await ask(ci, [QUESTION])
    second = await ask(ci, [QUESTION, first, NEXT])
    assert logs(second) == "t.csv a,b\n"
    kinds = [event.type for event in ask.events]
    assert kinds.count("call_started") == kinds.count("container_assigned") == 1
    assert kinds.count("container_replaced") == kinds.count("response_finished") == 1


@pytest.mark.parametrize("shape", ["nested", "flat"])
async def test_a_loss_after_code_is_an_error_with_what_had_come(shape, serve, ask):
    """Nothing is repeated behind the caller's back."""
    if not ask.streams:
        pytest.skip("what comes in one piece has no middle")
    fault = ExpireMidStream(after_events=7, shape=shape)
    server = serve(FIRST, Turn(LOOK, faults=[fault]), SECOND)
    ci = ask.make(server)
    first = await ask(ci, [QUESTION])
    with pytest.raises(ContainerExpiredError, match="text or code had arrived") as caught:
        await ask(ci, [QUESTION, first, NEXT])
    assert caught.value.status_code is None
    assert caught.value.partial.calls[0].code
    assert caught.value.container_id == first.container_id
    assert len(asked(server)) == 2


async def test_calls_of_other_containers_are_text_where_one_is_named(serve, ask):
    """The API would refuse them; the caller has moved on."""
    server = serve(FIRST, SECOND)
    ci = ask.make(server)
    first = await ask(ci, [QUESTION])
    with OpenAI(base_url=server.url, api_key="test") as client:
        other = client.containers.create(name="other").id
    second = await ask(ci, [QUESTION, first, NEXT], container=other)
    assert (second.container_id, logs(second)) == (other, "")
    assert len(asked(server)) == 2
    assert "written" in json.dumps(asked(server)[1].body["input"])


async def test_a_living_container_is_kept_where_only_old_calls_are_refused(serve, ask):
    """No other is made."""
    server = serve(FIRST)  # names its containers as the next one does
    await ask(ask.make(server), [QUESTION])
    with OpenAI(base_url=server.url, api_key="test") as client:
        other = client.containers.create(name="other").id
    fault = RejectRequest(400, f"… Expected container_id: {other}", times=1)
    server = serve(FIRST, Turn(LOOK, Say("Looked."), faults=[fault]))
    ci = ask.make(server)
    first = await ask(ci, [QUESTION])
    with OpenAI(base_url=server.url, api_key="test") as client:
        assert client.containers.create(name="other").id == other
    second = await ask(ci, [QUESTION, *input_items(first.output), NEXT], container=other)
    assert (second.container_id, second.text) == (other, "Looked.")
    assert len(server.containers) == 2
    assert not any(isinstance(event, ContainerReplaced) for event in ask.events)


async def test_a_managed_container_is_made_anew(serve, ask):
    """Under its own settings; all are deleted at the end."""
    server = serve(FIRST, SECOND)
    async with ManagedContainer(name="mine", memory_limit="4g") as container:
        ci = ask.make(server, container=container)
        first = await ask(ci, [QUESTION])
        server.advance(minutes=25)
        second = await ask(ci, [QUESTION, first, NEXT])
        assert second.container_id == container.container_id != first.container_id
        made = [one.body for one in server.requests if one.path == "/v1/containers"]
        assert [(one["name"], one["memory_limit"]) for one in made] == [("mine", "4g")] * 2
    assert not server.containers


async def test_without_storing_the_rewritten_history_is_valid(serve, ask):
    """Reasoning is asked for in encrypted form, and pairs stay whole or go whole."""
    first_turn = Turn(
        Think("a", encrypted=True), RunCode("print(1)"), Think("b", encrypted=True), Say("One.")
    )
    server = serve(first_turn, SECOND)
    ci = ask.make(server)
    first = await ask(ci, [QUESTION], store=False)
    assert "reasoning.encrypted_content" in asked(server)[0].body["include"]
    server.advance(minutes=25)
    await ask(ci, [QUESTION, first, NEXT], store=False)
    sent = asked(server)[-1].body["input"]
    assert check(sent, store=False) == []
    assert [item["type"] for item in sent if "type" in item].count("reasoning") == 1


async def test_conversations_at_once_never_mix(serve, ask):
    """Two of them on one object, both expired."""
    turns = [
        Turn(
            RunCode(f"_ = open('t.csv', 'w').write('{n}')"),
            Say("See [t.csv](sandbox:/mnt/data/t.csv)."),
            when=f"write {n}",
        )
        for n in (1, 2)
    ]
    server = serve(*turns, SECOND, SECOND)
    ci = ask.make(server)
    firsts = [await ask(ci, f"write {n}") for n in (1, 2)]
    server.advance(minutes=25)
    questions = [{"role": "user", "content": f"write {n}"} for n in (1, 2)]
    results = await asyncio.gather(
        *(
            Asker(ask.way, ask.make)(ci, [question, first, NEXT])
            for question, first in zip(questions, firsts, strict=True)
        )
    )
    assert [logs(result) for result in results] == ["t.csv 1\n", "t.csv 2\n"]
    assert len({result.container_id for result in results}) == 2


async def test_nothing_is_held_back_but_what_may_have_to_be_taken_back(serve, ask):
    """The response's start is told at once; a call that never wrote code is told at its end."""
    if not ask.streams:
        pytest.skip("only streams show it")
    await ask(ask.make(serve(FIRST)), "go")
    kinds = [event.type for event in ask.events]
    assert kinds[0] == "response_started"
    assert kinds.index("container_assigned") < kinds.index("call_started")
    assert kinds.index("call_started") == kinds.index("code_delta") - 1


async def test_a_bill_for_nothing_is_warned_of_once(serve, ask):
    """Per object; a response that ran code is none."""
    hello = Turn(Say("Hello."))
    ci = ask.make(serve(FIRST, hello, hello))
    await ask(ci, "go")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        await ask(ci, "hi")
        await ask(ci, "hi")
    (warning,) = [one for one in caught if one.category is UnusedContainerWarning]
    assert "code_interpreter=False" in str(warning.message)


def test_results_alone_are_a_history(serve, interpreter):
    """What several results put out, without the questions."""
    server = serve(FIRST, SECOND)
    ci = interpreter(server)
    first = ci.run("go")
    second = ci.run([first, NEXT])
    assert second.container_id == first.container_id
    assert from_results([first, second])[0]["type"] == "reasoning"
