"""Where generated files go when that is no folder of this machine: S3, GCS, whatever fsspec opens.

fsspec is an extra of this package and is imported with the first store, never before; the package
that speaks to the place itself, such as s3fs, is the user's to install.

An upload is kept to little more than one block of memory. Left alone, a block of 5 MiB costs 20 MiB
on its way to S3: fsspec's buffer is read into bytes beside itself, and aiohttp writes bytes in one
go, so that asyncio copies what the socket does not take at once. Here the buffer gives away what it
holds, and the client is given something to read from, of which aiohttp takes a piece whenever the
socket has room. Where a backend or a later version works otherwise, both change nothing but memory.
"""

from __future__ import annotations

import importlib
import io
import re
import secrets
from contextlib import suppress
from typing import Any, Final

from openai_code_interpreter._io.process import LIVE_STORES
from openai_code_interpreter._io.stores import checked_key
from openai_code_interpreter._sansio.names import SafeName, numbered, safe_filename
from openai_code_interpreter._sansio.storage import ArtifactSink, StoredFile
from openai_code_interpreter.errors import ArtifactUnavailableError, InvalidInputError

__all__ = ["FsspecStore", "send_in_pieces", "use_giving_buffer"]

_OPERATIONS: Final = ("UploadPart", "PutObject")
_PIECE: Final = 64 * 1024


class _GivingBuffer(io.BytesIO):
    """A buffer that, read whole, gives its bytes away instead of copying them."""

    def read(self, size: int | None = -1, /) -> bytes:
        begin, end = self.tell(), self.seek(0, io.SEEK_END)
        if begin == 0 and (size is None or size < 0 or size >= end):
            return self.getvalue()  # shared, as long as nobody writes
        self.seek(begin)
        return super().read(size)

    def getbuffer(self) -> memoryview:
        return memoryview(self.getvalue())  # a view to write through would need a copy of its own


class _Body(io.IOBase):
    """Bytes to be read; an `io.BytesIO` of them would be copied whole by aiohttp."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._data)}[whence]
        self._at = max(0, begin + offset)
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """Return what is left, or at most a piece: whoever asks for more asks again."""
        wanted = len(self._data) if size is None or size < 0 else min(size, _PIECE)
        piece = bytes(self._data[self._at : self._at + wanted])
        self._at += len(piece)
        return piece


def use_giving_buffer(file: Any) -> None:
    """Replace the empty buffer of a file that fsspec writes; a full one, or none, is left alone.

    Args:
        file: What `open` of an fsspec file system returned for writing.
    """
    buffer = getattr(file, "buffer", None)
    if type(buffer) is io.BytesIO and not buffer.tell():
        file.buffer = _GivingBuffer()


def send_in_pieces(fs: Any) -> None:
    """Let the client of an S3 file system send bodies in pieces; does nothing to any other.

    It uses botocore's events, which exist for such things. Doing it again changes nothing.

    Args:
        fs: An fsspec file system.
    """
    if "s3" not in fs.protocol:
        return
    events = getattr(getattr(getattr(fs, "s3", None), "meta", None), "events", None)
    if events is None:  # S3, but not by s3fs
        return
    for operation in _OPERATIONS:
        event = f"before-parameter-build.s3.{operation}"
        events.register(event, _in_pieces, unique_id=f"{__name__}.{operation}")


def _in_pieces(params: dict[str, Any], **_: Any) -> None:
    """Replace the body of one request; s3fs asks anew, with bytes, when it tries again."""
    body = params.get("Body")
    if isinstance(body, bytes):
        params["Body"] = _Body(body)


_MIB: Final = 1024 * 1024
_MIN_BLOCK: Final = 5 * _MIB  # the smallest part of an S3 upload, its last one aside
_MAX_COLLISIONS: Final = 1000
_HASH_CHARS: Final = 16
_USER: Final = re.compile(r"(?<=://)[^/]*@")
_INSTALL: Final = "pip install 'openai-code-interpreter[fsspec]'"


class FsspecStore:
    """Keeps generated files wherever fsspec can write: `s3://bucket/prefix`, `gs://…`, `sftp://…`.

    A file is uploaded in blocks while it arrives, under a hidden name, and gets its own by a copy
    within the place (S3) or a renaming (a file system) once it is whole. Its key begins with the
    first 16 hex digits of its SHA-256, so files of one name do not meet, a file that comes twice is
    kept once, and another process that has the same URL finds it by its key. The name to show is
    without the digits. Nothing is overwritten on purpose: under a key that is taken by something of
    another size, the file gets a numbered one.

    What is not promised: fsspec has no way to create a file only if there is none. Two writers that
    commit one key at once may both write it, with the same bytes. For a folder of this machine take
    a `DirectoryStore`, which follows no link and shows no half file. A process that is killed
    leaves its `.partial-…`, and on S3 the parts of its upload; a lifecycle rule of the bucket
    (`AbortIncompleteMultipartUpload`) clears the latter. A bucket that keeps versions keeps
    those of the hidden names, too.

    A folder is created if needed, a bucket is not. S3 needs the rights to get, put, list and
    delete objects and to abort multipart uploads.

    Args:
        url: The bucket or folder, with a prefix if you like. User and password in it are never
            shown again, but `storage_options` are the better place for them.
        block_size: How much of a file is held in memory before it is sent on, in bytes; at least
            5 MiB.
        storage_options: What the backend takes, such as `key`, `secret`, `endpoint_url`, `profile`.

    Raises:
        InvalidInputError: If fsspec or the backend is not installed, the URL names no place, or an
            option does not exist.

    Example:
        ```python
        store = FsspecStore("s3://bucket/runs/42", profile="analytics")
        result = CodeInterpreter("gpt-5", artifact_store=store).run("Plot x²")
        print([artifact.location for artifact in result.artifacts])
        ```
    """

    def __init__(self, url: str, *, block_size: int = _MIN_BLOCK, **storage_options: Any) -> None:
        if block_size < _MIN_BLOCK:
            msg = f"block_size={block_size} is too small: S3 takes parts of {_MIN_BLOCK} or more"
            raise InvalidInputError(msg)
        self._fs, root = _opened(url, storage_options)
        self._root = root.rstrip("/")
        self.url = _shown(self._fs, self._root)
        self._block_size = block_size
        LIVE_STORES.add(self)

    def __repr__(self) -> str:
        return f"FsspecStore({self.url!r})"

    def open(self) -> ArtifactSink:
        """Begin a file, under a hidden name until it is whole."""
        send_in_pieces(self._fs)
        return _FsspecSink(self, self._fs, self._root, block_size=self._block_size)

    def read_bytes(self, key: str) -> bytes:
        """Return the bytes of a file; no key leads out of the prefix.

        Raises:
            ArtifactUnavailableError: If there is no such file, or it cannot be had.
        """
        path = f"{self._root}/{checked_key(key)}"
        try:
            return bytes(self._fs.cat_file(path))
        except Exception as error:  # every backend has its own
            msg = f"{self!r} has no readable file {key!r}: {error or type(error).__name__}"
            raise ArtifactUnavailableError(msg, filename=key) from error

    def location(self, key: str) -> str:
        """Return the URL of a file, without credentials."""
        return f"{self.url}/{checked_key(key)}"


class _FsspecSink:
    def __init__(self, store: FsspecStore, fs: Any, root: str, *, block_size: int) -> None:
        self._store, self._fs, self._root = store, fs, root
        self._partial = f"{root}/.partial-{secrets.token_hex(8)}"
        self._size = 0
        self._finished = False
        self._file = self._begin(block_size)

    def write(self, chunk: bytes) -> None:
        use_giving_buffer(self._file)
        self._file.write(chunk)
        self._size += len(chunk)

    def commit(self, name: SafeName, *, sha256: str) -> StoredFile:
        file, self._file = self._file, None
        try:
            file.close()
        except BaseException:
            self._file = file  # not whole: its upload is to be given up
            raise
        key, store = self._take(safe_filename(f"{sha256[:_HASH_CHARS]}-{name}")), self._store
        self._finished = True
        return StoredFile(
            key=key,
            filename=name,
            location=store.location(key),
            read=lambda: store.read_bytes(key),
        )

    def abort(self) -> None:
        if self._finished:
            return
        self._finished = True
        if self._file is not None:
            _give_up(self._file)
        with suppress(Exception):
            self._fs.rm_file(self._partial)

    def _begin(self, block_size: int) -> Any:
        try:
            return self._fs.open(self._partial, "wb", block_size=block_size)
        except FileNotFoundError:  # a file system with folders; a bucket is found missing later
            self._fs.makedirs(self._root, exist_ok=True)
            return self._fs.open(self._partial, "wb", block_size=block_size)

    def _take(self, wanted: SafeName) -> SafeName:
        """Bring the file from its hidden name to the first free key, or find it there."""
        for number in range(1, _MAX_COLLISIONS + 1):
            key = numbered(wanted, number)
            path = f"{self._root}/{key}"
            there = self._info(path)
            if there is None:
                _move(self._fs, self._partial, path)
                return key
            plain = there.get("type") == "file" and not there.get("islink")
            if plain and there.get("size") == self._size:
                self._fs.rm_file(self._partial)
                return key
        msg = f"{_MAX_COLLISIONS} files named {wanted!r} exist already"
        raise FileExistsError(msg)

    def _info(self, path: str) -> dict[str, Any] | None:
        self._fs.invalidate_cache(path)  # somebody may have listed the folder before this file came
        try:
            found: dict[str, Any] = self._fs.info(path)
        except FileNotFoundError:
            return None
        return found


def _opened(url: str, options: dict[str, Any]) -> tuple[Any, str]:
    """Return the file system of a URL and the path in it."""
    shown = _USER.sub("", str(url))
    try:
        fs, root = importlib.import_module("fsspec").url_to_fs(url, **options)
    except ImportError as error:
        msg = f"FsspecStore({shown!r}) cannot be opened: {error}; run: {_way_out(shown)}"
        raise InvalidInputError(msg) from error
    except (TypeError, ValueError) as error:
        msg = f"FsspecStore({shown!r}) cannot be opened: {_USER.sub('', str(error))}"
        raise InvalidInputError(msg) from error
    root = str(root)
    if not root.strip("/"):
        msg = f"FsspecStore({shown!r}) names no bucket or folder"
        raise InvalidInputError(msg)
    if shown != str(url) and "@" in root.lstrip("/").partition("/")[0]:
        msg = f"FsspecStore({shown!r}): this backend reads no user from a URL; pass it as an option"
        raise InvalidInputError(msg)
    if getattr(fs, "asynchronous", False):
        msg = f"FsspecStore({shown!r}) works in threads: leave asynchronous= out"
        raise InvalidInputError(msg)
    return fs, root


def _way_out(url: str) -> str:
    """Return the command that installs what a URL needs."""
    try:
        known = importlib.import_module("fsspec.registry").known_implementations
    except ImportError:
        known = {}
    package = known.get(url.partition(":")[0], {}).get("class", "fsspec").partition(".")[0]
    return _INSTALL if package == "fsspec" else f"{_INSTALL} {package}"


def _shown(fs: Any, root: str) -> str:
    """Return the URL of a folder without user, password and options, but with its host."""
    scheme, _, path = str(fs.unstrip_protocol(root)).partition("://")
    options = getattr(fs, "storage_options", {})
    host = options.get("host")  # where it stands in the URL, the path is without it
    if host and path.startswith("/"):
        port = f":{options['port']}" if options.get("port") else ""
        path = f"{host}{port}{path}"
    return f"{scheme}://{path}"


def _move(fs: Any, source: str, target: str) -> None:
    """Rename a file, or copy it within the place and delete it where nothing can be renamed.

    fsspec's own `mv` would do the latter too, but takes brackets in a name for a pattern and looks
    whether the target is a folder.
    """
    if type(fs).mv is not importlib.import_module("fsspec").AbstractFileSystem.mv:
        fs.mv(source, target)
        return
    fs.cp_file(source, target)
    fs.rm_file(source)


def _give_up(file: Any) -> None:
    """Close a file that is not whole without completing its upload."""
    buffered = importlib.import_module("fsspec.spec").AbstractBufferedFile
    with suppress(Exception):
        if isinstance(file, buffered):
            file.discard()
        else:
            file.close()
    if isinstance(file, buffered):
        file.closed = True  # else its finaliser sends what it still has
