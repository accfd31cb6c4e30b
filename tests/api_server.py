"""As much of a Kubernetes API server as kubectl asks for in the tests, on loopback, over TLS.

`kubectl apply --server-side` of one ClusterReport; `get` of objects that a test gives; `exec` over WebSockets
(v5.channel.k8s.io), which a test's function answers.
"""

import base64
import hashlib
import json
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

GROUP = "openreports.io/v1alpha1"
DISCOVERY: dict[str, dict[str, Any]] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [
            {
                "name": "openreports.io",
                "versions": [{"groupVersion": GROUP, "version": "v1alpha1"}],
                "preferredVersion": {"groupVersion": GROUP, "version": "v1alpha1"},
            }
        ],
    },
    "/api/v1": {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": "v1",
        "resources": [
            {"name": plural, "singularName": kind.lower(), "namespaced": True, "kind": kind, "verbs": ["get", "list"]}
            for plural, kind in (("pods", "Pod"), ("configmaps", "ConfigMap"))
        ],
    },
    f"/apis/{GROUP}": {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": GROUP,
        "resources": [
            {
                "name": "clusterreports",
                "singularName": "clusterreport",
                "namespaced": False,
                "kind": "ClusterReport",
                "verbs": ["create", "get", "patch"],
            }
        ],
    },
}
KIND = {"group": "openreports.io", "version": "v1alpha1", "kind": "ClusterReport"}
PATCH = {
    "x-kubernetes-action": "patch",
    "x-kubernetes-group-version-kind": KIND,
    "parameters": [{"name": n, "in": "query", "schema": {"type": "string"}} for n in ("dryRun", "fieldValidation")],
    "responses": {"200": {"description": "OK"}},
}
DISCOVERY |= {
    "/openapi/v3": {"paths": {f"apis/{GROUP}": {"serverRelativeURL": f"/openapi/v3/apis/{GROUP}"}}},
    # That the server checks fields itself, so that kubectl need not.
    f"/openapi/v3/apis/{GROUP}": {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.34.1"},
        "paths": {f"/apis/{GROUP}/clusterreports/{{name}}": {"patch": PATCH}},
    },
}
"""What any authenticated account may read (the ClusterRole system:discovery)."""


@dataclass
class Seen:
    """Requests beyond discovery: method, path with its query, body; and every bearer token."""

    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)


Exec = Callable[[str, list[str], bytes], tuple[bytes, int]]
"""What a command in a pod prints, and its exit status, from the pod's name, the command and its input."""


@contextmanager
def api_server(
    folder: Path, objects: Mapping[str, dict[str, Any]] | None = None, execute: Exec | None = None
) -> Iterator[tuple[int, Path, Seen]]:
    """Port, the authority's certificate, and what was asked; ``objects`` by their path."""
    certificate, key = folder / "ca.crt", folder / "ca.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    seen = Seen()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            seen.tokens.add(self.headers.get("Authorization", ""))
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.split("?")[0]
            if path in DISCOVERY and self.command == "GET":
                self.reply(200, DISCOVERY[path])
            elif execute is not None and path.endswith("/exec"):
                seen.requests.append((self.command, self.path, body))
                self.exec_(execute)
            elif objects is not None and self.command == "GET":
                seen.requests.append((self.command, self.path, body))
                missing = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404,
                           "message": f"{path} not found"}  # fmt: skip
                self.reply(200 if path in objects else 404, objects.get(path, missing))
            else:
                seen.requests.append((self.command, self.path, body))
                self.reply(201, json.loads(body or b"{}"))

        def reply(self, status: int, document: dict[str, Any]) -> None:
            data = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def exec_(self, execute: Exec) -> None:
            """One command over a WebSocket (RFC 6455): channels 0 input, 1 output, 3 how it ended, 255 end of input."""
            accept = hashlib.sha1(self.headers["Sec-WebSocket-Key"].encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
            self.send_response(101)
            for name, value in (
                ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Protocol", "v5.channel.k8s.io"),
                ("Sec-WebSocket-Accept", base64.b64encode(accept.digest()).decode()),
            ):  # fmt: skip
                self.send_header(name, value)
            self.end_headers()
            asked = parse_qs(urlsplit(self.path).query)
            given = self.input() if "stdin" in asked else b""
            pod = urlsplit(self.path).path.split("/")[-2]
            out, code = execute(pod, asked["command"], given)
            for start in range(0, len(out), 16000):
                self.frame(0x82, b"\x01" + out[start : start + 16000])
            ended = {"metadata": {}, "status": "Success"}
            if code:
                causes = [{"reason": "ExitCode", "message": str(code)}]
                ended = {"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": causes},
                         "message": f"command terminated with exit code {code}"}  # fmt: skip
            self.frame(0x82, b"\x03" + json.dumps(ended).encode())
            self.frame(0x88, struct.pack(">H", 1000))
            self.close_connection = True

        def frame(self, first: int, data: bytes) -> None:
            size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack(">H", len(data))
            self.wfile.write(bytes([first]) + size + data)
            self.wfile.flush()

        def input(self) -> bytes:
            """What the client sends on channel 0, to its end."""
            found = b""
            while head := self.rfile.read(2):
                length = head[1] & 127
                if length > 125:
                    length = int.from_bytes(self.rfile.read(2 if length == 126 else 8), "big")
                mask = self.rfile.read(4)
                data = bytes(b ^ mask[n % 4] for n, b in enumerate(self.rfile.read(length)))
                if head[0] & 15 == 8 or data[:1] == b"\xff":
                    break
                found += data[1:] if data[:1] == b"\0" else b""
            return found

        do_GET = do_PATCH = do_POST = do_PUT = answer  # noqa: N815 - http.server's own names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, certificate, seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
