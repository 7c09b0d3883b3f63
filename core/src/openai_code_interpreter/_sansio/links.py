"""How an answer's text names the files of its container.

A saved file is linked as `[label](sandbox:/mnt/data/name.csv)`, in every recording; models also
write the URL bare, in backticks, in HTML, with blanks or parentheses in the name. A citation's span
is exactly the URL, half-open, counted in characters.

`sandbox://mnt/data/…` is taken for the same: no other reading of it makes sense.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from openai_code_interpreter._sansio.wire import CONTAINER_FOLDER, FILE_CITATION

__all__ = [
    "HeldText",
    "Link",
    "Located",
    "RewrittenText",
    "find_links",
    "mentions",
    "restore_links",
    "rewrite_links",
]
_OPENING: Final = re.compile(rf"(?:sandbox:/{{0,2}})?(?<!\w){CONTAINER_FOLDER}", re.IGNORECASE)
_LINK_OPENING: Final = re.compile(rf"sandbox:/{{0,2}}{CONTAINER_FOLDER}", re.IGNORECASE)
_OPENINGS: Final = tuple(f"sandbox:{slashes}{CONTAINER_FOLDER}" for slashes in ("", "/", "//"))

_CLOSERS: Final[Mapping[str, str]] = {"<": ">", '"': '"', "'": "'", "`": "`"}
"""What ends a URL, by the character before it."""

_LONGEST: Final = 1024
"""How many characters of a name are looked at."""

_TITLE: Final = re.compile(r"""\s+(?:"[^"]*"|'[^']*')\s*\Z""")
_BARE_END: Final = re.compile(r"[\s<>\"'`|]|\]\(")
_TRAILING: Final = ".,;:!?*_~"


@dataclass(frozen=True, slots=True)
class Link:
    """A URL in a text that leads into the container."""

    start: int
    end: int
    path: str
    """The path in the container, such as `/mnt/data/plot.png`. Untrusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A file of the response, and where it lies now."""

    container_id: str | None
    file_id: str | None
    path: str | None
    """Its path in the container, if that is known."""
    filename: str
    """Its name, as the model or the container said it."""
    location: str | None
    """Where it lies now, or None if it lies nowhere."""


@dataclass(frozen=True, slots=True)
class RewrittenText:
    """A text whose links lead to where the files lie."""

    text: str
    annotations: list[dict[str, Any]]
    """The annotations, with spans that cover the same words as before."""
    dangling: list[str]
    """The paths that are linked and lead to no file, each once, in order."""
    originals: dict[str, str]
    """What each new link stood for: the text as it was, by the text as it is."""


def find_links(text: str) -> list[Link]:
    """Return every `sandbox:/mnt/data/…` URL of a text, in order.

    Example:
        ```python
        (link,) = find_links("[a](sandbox:/mnt/data/a.csv)")
        print(link.path)  # /mnt/data/a.csv
        ```
    """
    return list(_links(text, _LINK_OPENING))


def mentions(text: str) -> list[str]:
    """Return the paths under `/mnt/data/` that a text names in any way, each once, in order."""
    return list(dict.fromkeys(link.path for link in _links(text, _OPENING)))


def _links(text: str, opening: re.Pattern[str]) -> Iterator[Link]:
    at = 0
    while match := opening.search(text, at):
        start = match.start()
        end = _end(text, start, match.end())
        at = max(end, match.end())
        name = unquote(text[match.end() : end], errors="replace")
        if name.strip("/") and not name.endswith("/"):
            yield Link(start, end, CONTAINER_FOLDER + name)


def _end(text: str, start: int, begin: int) -> int:
    """Return where the URL that starts at `start` ends; its name begins at `begin`."""
    before = text[start - 1 : start]
    window = text[begin : begin + _LONGEST].partition("\n")[0].rstrip("\r")
    if text[max(0, start - 2) : start] == "](":
        length = _closing(window)
        if length is not None:
            return begin + len(_TITLE.sub("", window[:length]).rstrip())
    closer = _CLOSERS.get(before)
    if closer is not None and closer in window:
        return begin + window.index(closer)
    stop = _BARE_END.search(window)
    window = window if stop is None else window[: stop.start()]
    length = _closing(window)
    window = window if length is None else window[:length]
    return begin + len(window.rstrip(_TRAILING).rstrip("]}"))


def _closing(window: str) -> int | None:
    """Return where a parenthesis closes that was open before, or None."""
    depth = 0
    for place, char in enumerate(window):
        if char == "(":
            depth += 1
        elif char == ")":
            if depth == 0:
                return place
            depth -= 1
    return None


def rewrite_links(
    text: str, annotations: Sequence[Mapping[str, Any]], files: Collection[Located]
) -> RewrittenText:
    """Let the links of a text part lead to where its files lie.

    A link is resolved by the citation whose span it is, else by its path, else by its name if just
    one file without a known path has it. Nothing is guessed: a link that leads to no file stays as
    it is and is dangling. The link of a file that lies nowhere stays, too.

    Args:
        text: One text part.
        annotations: Its annotations, as the wire has them.
        files: The files of the response.
    """
    links = find_links(text)
    if not links:
        return RewrittenText(text, [dict(one) for one in annotations], [], {})
    cited = _by_span(annotations)
    edits: list[tuple[int, int, str]] = []
    dangling: list[str] = []
    for link in links:
        file = _cited_file(link, cited, files) or _named_file(link, files)
        if file is None:
            dangling.append(link.path)
        elif file.location is not None:
            edits.append((link.start, link.end, _url(file.location)))
    return RewrittenText(
        _edited(text, edits),
        [_shifted(annotation, edits) for annotation in annotations],
        list(dict.fromkeys(dangling)),
        {new: text[start:end] for start, end, new in edits},
    )


def restore_links(text: str, originals: Mapping[str, Any]) -> str:
    """Return a text with its links as the model wrote them, to send it back to the API.

    Where a file lies is the host's affair, and no path that the model knows.

    Args:
        text: A rewritten text, or any piece of it that cuts no link in two.
        originals: What each new link stands for, as `CodeInterpreterResult.rewritten_links` has it;
            entries that are not of strings are passed over.
    """
    known = {new: old for new, old in originals.items() if new and isinstance(old, str)}
    if not known:
        return text
    longest_first = sorted(known, key=len, reverse=True)
    pattern = re.compile("|".join(re.escape(new) for new in longest_first))
    return pattern.sub(lambda match: known[match[0]], text)


def _by_span(
    annotations: Iterable[Mapping[str, Any]],
) -> dict[tuple[object, object], Mapping[str, Any]]:
    found: dict[tuple[object, object], Mapping[str, Any]] = {}
    for annotation in annotations:
        start, end = annotation.get("start_index"), annotation.get("end_index")
        if annotation.get("type") == FILE_CITATION and _is_span(start, end):
            found.setdefault((start, end), annotation)
    return found


def _is_span(start: object, end: object) -> bool:
    return type(start) is int and type(end) is int and 0 <= start <= end


def _cited_file(
    link: Link,
    cited: Mapping[tuple[object, object], Mapping[str, Any]],
    files: Iterable[Located],
) -> Located | None:
    citation = cited.get((link.start, link.end), {})
    file_id, container_id = citation.get("file_id"), citation.get("container_id")
    if not isinstance(file_id, str):
        return None
    same = (one for one in files if (one.file_id, one.container_id) == (file_id, container_id))
    return next(same, None)


def _named_file(link: Link, files: Iterable[Located]) -> Located | None:
    path = _normal(link.path)
    name = path.rpartition("/")[2]
    exact = [one for one in files if one.path is not None and _normal(one.path) == path]
    found = exact or [one for one in files if one.path is None and _normal(one.filename) == name]
    return found[0] if len(found) == 1 else None


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name)


_WEB: Final = re.compile(r"https?://", re.IGNORECASE)
_BREAKS_OUT: Final = re.compile(r"""[\x00-\x20\x7f-\xa0\u2028\u2029<>"'`()\[\]{}|\\^]""")
_IN_A_PATH: Final = re.compile(r"[%#?]")


def _url(location: str) -> str:
    """Return a location as it may stand in Markdown or HTML.

    What could end the link there is percent-encoded. In a path, and in the key of a bucket, `%`,
    `#` and `?` are characters like others, so they are encoded too; a web address has them already
    as they should be.
    """
    if not _WEB.match(location):
        location = _IN_A_PATH.sub(_encoded, location)
    return _BREAKS_OUT.sub(_encoded, location)


def _encoded(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def _edited(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    pieces: list[str] = []
    at = 0
    for start, end, new in edits:
        pieces += [text[at:start], new]
        at = end
    return "".join([*pieces, text[at:]])


def _shifted(
    annotation: Mapping[str, Any], edits: Sequence[tuple[int, int, str]]
) -> dict[str, Any]:
    """Return an annotation that covers the same words after the edits."""
    start, end = annotation.get("start_index"), annotation.get("end_index")
    if not _is_span(start, end):
        return dict(annotation)
    return {
        **annotation,
        "start_index": _moved(start, edits, is_end=False),
        "end_index": _moved(end, edits, is_end=start != end),
    }


def _moved(place: Any, edits: Sequence[tuple[int, int, str]], *, is_end: bool) -> int:
    moved: int = place
    for start, end, new in edits:
        if end <= place:
            moved += len(new) - (end - start)
        elif start < place:  # within a link: its beginning or its end, as a whole
            moved += start - place + (len(new) if is_end else 0)
    return moved


class HeldText:
    """A text that is passed on as it comes, until a link may begin in it.

    From the opening of the first link on, everything is held: what follows must stay behind it.
    Of a text without links, at most the beginning of what may become an opening is held.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._tail = ""
        self._closed = False
        self.shown = 0
        """How many characters were passed on."""

    @property
    def text(self) -> str:
        """All that came."""
        return "".join(self._pieces)

    @property
    def linked(self) -> bool:
        """Whether everything is held from now on."""
        return self._closed

    def close(self) -> None:
        """Hold everything from now on."""
        self._closed = True

    def feed(self, delta: str) -> str:
        """Take a piece and return what may be passed on."""
        self._pieces.append(delta)
        if self._closed:
            return ""
        waiting = self._tail + delta
        found = _LINK_OPENING.search(waiting)
        if found is not None:
            self._closed = True
            keep = len(waiting) - found.start()
        else:
            keep = _beginning_of_an_opening(waiting)
        passed = waiting[: len(waiting) - keep]
        self._tail = waiting[len(waiting) - keep :]
        self.shown += len(passed)
        return passed

    def release(self) -> str:
        """Give up holding, and return what was held."""
        held = self.text[self.shown :]
        self.shown += len(held)
        self._tail = ""
        return held


def _beginning_of_an_opening(text: str) -> int:
    """Return how many characters at the end of a text may be the beginning of an opening."""
    end = text[-len(_OPENINGS[-1]) :].lower()
    for place in range(len(end)):
        if any(opening.startswith(end[place:]) for opening in _OPENINGS):
            return len(end) - place
    return 0
