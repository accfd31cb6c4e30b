"""As much of a Kubernetes API server as `kubectl apply --server-side` of one ClusterReport asks for, on loopback, over TLS."""

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

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
    "/api/v1": {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1", "resources": []},
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


@contextmanager
def api_server(folder: Path) -> Iterator[tuple[int, Path, Seen]]:
    """Port, the authority's certificate, and what was asked."""
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
