"""Great Expectations' Data Docs as pages beside the dashboard, from the warehouse: a folder or S3."""

from __future__ import annotations

from mimetypes import guess_type
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tideline.errors import StoreError
from tideline.settings import Settings
from tideline.storage import Storage, open_storage

DOCS_PATH = "/data-docs"


def docs_exist(settings: Settings) -> bool:
    """Whether the site was built, as far as the store lets us know."""
    try:
        return _site(settings).exists("index.html")
    except StoreError:
        return False


def docs_route(settings: Settings) -> Route:
    """Serves the site's files."""

    def serve(request: Request) -> Response:
        name = PurePosixPath(request.path_params["name"])
        if ".." in name.parts or name.is_absolute():
            return PlainTextResponse("not found", 404)
        try:
            content = _site(settings).read(str(name))
        except (FileNotFoundError, IsADirectoryError):
            return PlainTextResponse("not found", 404)
        except StoreError as problem:
            return PlainTextResponse(str(problem), 503)
        return Response(content, media_type=guess_type(name.name)[0] or "application/octet-stream")

    return Route(f"{DOCS_PATH}/{{name:path}}", serve)


def _site(settings: Settings) -> Storage:
    return open_storage(settings, f"{settings.warehouse}/_docs")
