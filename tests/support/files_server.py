"""A Files API that can be held, made to fail and counted, over real sockets."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FilesServer:
    """Answers `POST`, `GET` and `DELETE` below `/v1/files`; bodies are read and let go.

    Attributes:
        statuses: What the next requests of a method are answered with; `None` means success.
        go_on: While it is cleared, uploads wait.
        arrived: How many uploads have begun.
        requests: Method and path of each request, in order.
    """

    def __init__(self):
        self.statuses = {"POST": [], "GET": [], "DELETE": []}
        self.answers = {}
        self.go_on = threading.Event()
        self.go_on.set()
        self.arrived = 0
        self.requests = []
        self.uploads = []
        self.lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"server_of_files": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def stop(self):
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of_files: FilesServer

    def do_POST(self):
        one = self.server_of_files
        status = self._begin()
        with one.lock:
            one.arrived += 1
            number = one.arrived
        head, size = self._read()
        assert one.go_on.wait(20)
        name = re.search(rb'filename="([^"]*)"', head)[1].decode()
        purpose = re.search(rb'name="purpose"\r\n\r\n([^\r]*)', head)
        one.uploads.append((name, purpose and purpose[1].decode(), size))
        self._answer(status, {"id": f"file-{number}", "object": "file", "filename": name})

    def do_GET(self):
        self._answer(self._begin(), {"id": self.path.rpartition("/")[2], "filename": "there.csv"})

    def do_DELETE(self):
        self._answer(self._begin(), {"id": self.path.rpartition("/")[2], "deleted": True})

    def _begin(self):
        one = self.server_of_files
        with one.lock:
            one.requests.append((self.command, self.path))
            waiting = one.statuses[self.command]
            return waiting.pop(0) if waiting else None

    def _read(self):
        """The body's first bytes, and its length."""
        left = size = int(self.headers["Content-Length"])
        head = b""
        while left > 0:
            piece = self.rfile.read(min(left, 65536))
            if not piece:
                break
            head = head or piece
            left -= len(piece)
        return head, size

    def _answer(self, status, body):
        one = self.server_of_files
        body = one.answers.get(self.command, body)
        if status is not None:
            body = {"error": {"message": "no", "type": "server_error", "code": None}}
        data = json.dumps(body).encode()
        self.send_response(status or 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass
