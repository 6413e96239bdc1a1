"""What a browser is served beside the API: the page, and the API's description, all of it from this machine.

Files go out compressed, which is done once for each; their names in assets/ hold a hash of their contents, so browsers
keep those for good and ask again only for the rest.
"""

import gzip
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from anyio import to_thread
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers
from starlette.types import Scope

ASSETS: Final = "/docs/assets"
FOR_GOOD: Final = "public, max-age=31536000, immutable"
PACKABLE: Final = frozenset({".html", ".js", ".mjs", ".css", ".json", ".svg", ".md", ".map"})
PACK_LEVEL: Final = 9
_ABSENT = """<!doctype html><meta charset="utf-8"><title>Railbox</title>
<body style="font: 1rem/1.5 system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
<h1>Railbox</h1>
<p>The server runs; its page is not built. In a clone: <code>scripts/demo</code> builds it, or
<code>cd server/web &amp;&amp; npm ci &amp;&amp; npm run build</code>.</p>
<p>The API is described at <a href="docs">/docs</a>.</p>
"""
_PLAIN_DOCS = """<!doctype html><meta charset="utf-8"><title>Railbox API</title>
<body style="font: 1rem/1.5 system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
<h1>Railbox API</h1>
<p>Its description: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1). To browse it here:
<code>pip install fastapi-offline</code>, which brings the viewer.</p>
"""


class PackedFiles(StaticFiles):
    """Static files, with 304 as Starlette does it, compressed once for whoever takes gzip.

    `hashed`: the folder whose files never change under their names.
    """

    def __init__(self, folder: Path, hashed: str | None = None) -> None:
        super().__init__(directory=folder, html=True)
        self._hashed = hashed
        self._packed: dict[str, bytes] = {}
        """By path and ETag, which changes with the file."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        for_good = self._hashed is not None and path.startswith(f"{self._hashed}/") and response.status_code != 404
        response.headers["Cache-Control"] = FOR_GOOD if for_good else "no-cache"
        if not isinstance(response, FileResponse) or Path(response.path).suffix not in PACKABLE:
            return response
        response.headers.add_vary_header("Accept-Encoding")
        wanted = Headers(scope=scope)
        if "gzip" not in wanted.get("accept-encoding", "") or "range" in wanted:
            return response
        body = await to_thread.run_sync(self._pack, Path(response.path), response.headers["etag"])
        kept = {
            name: value for name, value in response.headers.items() if name not in {"content-length", "accept-ranges"}
        }
        return Response(body, response.status_code, {**kept, "content-encoding": "gzip"})

    def _pack(self, path: Path, tag: str) -> bytes:
        key = f"{path} {tag}"
        if key not in self._packed:
            self._packed[key] = gzip.compress(path.read_bytes(), PACK_LEVEL)
        return self._packed[key]


def install(app: FastAPI, page: Path) -> None:
    """Adds /docs and, last because it takes every other address, the page."""
    viewer = _viewer()
    if viewer is not None:
        app.mount(ASSETS, PackedFiles(viewer))

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        if viewer is None:
            return HTMLResponse(_PLAIN_DOCS)
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title="Railbox API",
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon.png",
        )

    _ = docs
    if (page / "index.html").is_file():
        app.mount("/", PackedFiles(page, "assets"))
        return

    @app.get("/", include_in_schema=False)
    def absent() -> HTMLResponse:
        return HTMLResponse(_ABSENT)

    _ = absent


def _viewer() -> Path | None:
    """Swagger UI's files as the wheel fastapi-offline carries them; FastAPI's own page would load them from afar."""
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "static"
    return folder if folder.is_dir() else None
