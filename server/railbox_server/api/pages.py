"""What a browser is served beside the API: the page, and the API's description, all of it from this machine."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

ASSETS = "/docs/assets"
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


def install(app: FastAPI, page: Path) -> None:
    """Adds /docs and, last because it takes every other address, the page."""
    viewer = _viewer()
    if viewer is not None:
        app.mount(ASSETS, StaticFiles(directory=viewer))

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
        app.mount("/", StaticFiles(directory=page, html=True))
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
