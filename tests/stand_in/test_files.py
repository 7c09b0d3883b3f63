"""Figures and files, and how messages cite them."""

from __future__ import annotations

import base64

import pytest

from openai_code_interpreter.testing import (
    RunCode,
    Say,
    Turn,
)
from stand_in_support import (
    PLOT,
    ask,
    client_of,
    http,
    logs,
    run,
)

pytestmark = pytest.mark.timeout(60)


def test_a_shown_figure_is_an_image_and_a_cited_file(serve):
    pytest.importorskip("matplotlib")
    code = f"print('a')\n{PLOT}plt.savefig('/mnt/data/p.png')\nplt.show()\n'b'"
    one = serve(Turn(RunCode(code), Say("See [p](sandbox:/mnt/data/p.png).")))
    call, message = ask(one)["output"]
    assert [output["type"] for output in call["outputs"]] == ["logs", "image", "logs"]
    shown, saved = message["content"][0]["annotations"]
    assert (shown["start_index"], shown["end_index"]) == (0, 0)
    assert shown["filename"] == shown["file_id"] + ".png"
    assert saved["filename"] == "p.png"
    content = client_of(one).containers.files.content.retrieve(
        shown["file_id"], container_id=call["container_id"]
    )
    url = call["outputs"][1]["url"]
    assert content.read() == base64.b64decode(url.removeprefix("data:image/png;base64,"))
    assert content.read().startswith(b"\x89PNG")


def test_a_figure_as_last_expression_is_shown_once(serve):
    pytest.importorskip("matplotlib")
    figure, show = run(serve, PLOT + "plt.gcf()", "plt.show()")
    assert [output["type"] for output in figure] == ["image"]
    assert show == []


def test_a_figure_goes_to_the_next_message_only(serve):
    pytest.importorskip("matplotlib")
    one = serve(Turn(Say("First."), RunCode(PLOT + "plt.show()"), Say("Here."), Say("Bye.")))
    cited = [
        len(item["content"][0]["annotations"])
        for item in ask(one)["output"]
        if item["type"] == "message"
    ]
    assert cited == [0, 1, 0]


def test_matplotlib_is_imported_only_by_code_that_does(serve):
    assert logs(serve, "import sys\n'matplotlib' in sys.modules") == "False"


def test_linked_files_are_cited_where_they_are_linked(serve):
    names = ["a.csv", "sub/b.csv", "x"]
    text = "😀 " + ", ".join(f"[{name}](sandbox:/mnt/data/{name})" for name in names)
    code = "import os; os.mkdir('sub'); open('a.csv', 'w').close(); open('sub/b.csv', 'w').close()"
    one = serve(Turn(RunCode(code), Say(text)))
    part = ask(one)["output"][1]["content"][0]
    spans = [text[note["start_index"] : note["end_index"]] for note in part["annotations"]]
    assert spans == ["sandbox:/mnt/data/a.csv", "sandbox:/mnt/data/sub/b.csv"]
    assert [note["filename"] for note in part["annotations"]] == ["a.csv", "b.csv"]


def test_a_link_to_a_longer_name_is_not_a_link_to_the_shorter(serve):
    one = serve(
        Turn(
            RunCode("open('a.csv', 'w').close()"),
            Say("sandbox:/mnt/data/a.csv.gz sandbox:/mnt/data/a.csv. sandbox:/mnt/data/a.csv2"),
        )
    )
    (note,) = ask(one)["output"][1]["content"][0]["annotations"]
    assert note["start_index"] == len("sandbox:/mnt/data/a.csv.gz ")


def test_a_file_is_cited_only_by_the_response_that_wrote_it(serve):
    link = Say("sandbox:/mnt/data/a.csv")
    one = serve(
        Turn(RunCode("open('a.csv', 'w').close()"), link),
        Turn(RunCode("1"), link),
        Turn(RunCode("open('a.csv', 'w').write('more')"), link),
    )
    first = ask(one)
    tool = {"type": "code_interpreter", "container": first["output"][0]["container_id"]}
    notes = [
        response["output"][1]["content"][0]["annotations"]
        for response in (first, ask(one, tools=[tool]), ask(one, tools=[tool]))
    ]
    assert [len(each) for each in notes] == [1, 0, 1]
    assert notes[0][0]["file_id"] != notes[2][0]["file_id"]
    assert [*one.containers.values()] == [("a.csv",)]


def test_files_that_are_not_linked_are_listed(serve):
    one = serve(Turn(RunCode("open('a.csv', 'w').write('abc')"), Say("Done.")))
    call, message = ask(one)["output"]
    assert message["content"][0]["annotations"] == []
    assert one.containers == {call["container_id"]: ("a.csv",)}
    (file,) = client_of(one).containers.files.list(call["container_id"]).data
    assert (file.path, file.bytes, file.source) == ("/mnt/data/a.csv", 3, "assistant")


def test_symbolic_links_are_no_files(serve):
    one = serve(Turn(RunCode("import os; os.symlink('/etc/hosts', 'hosts')")))
    ask(one)
    assert [*one.containers.values()] == [()]


def test_content_has_the_recorded_headers(serve):
    name = "ü b.txt"
    one = serve(Turn(RunCode(f"open('{name}', 'w').write('hello')"), Say("Done.")))
    container_id = ask(one)["output"][0]["container_id"]
    (file,) = client_of(one).containers.files.list(container_id).data
    status, headers, body = http(one, f"/v1/containers/{container_id}/files/{file.id}/content")
    assert (status, body) == (200, b"hello")
    assert headers["Content-Length"] == "5"
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert headers["Content-Disposition"] == (
        "attachment; filename=\"file.txt\"; filename*=UTF-8''%C3%BC%20b.txt"
    )


def test_uploaded_files_are_mounted_and_readable(serve):
    one = serve(Turn(RunCode("import os; print(os.listdir('/mnt/data'))")))
    client = client_of(one)
    upload = client.files.create(file=("../in.csv", b"1,2"), purpose="user_data")
    tool = {"type": "code_interpreter", "container": {"type": "auto", "file_ids": [upload.id]}}
    call = ask(one, tools=[tool])["output"][0]
    assert call["outputs"][0]["logs"] == f"['{upload.id}-in.csv']\n"
    (file,) = client.containers.files.list(call["container_id"]).data
    assert (file.path, file.source) == (f"/mnt/data/{upload.id}-in.csv", "user")
