"""The contract of the phones: `/api/v1/openapi.json`, and a page of it without outside assets."""

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, Router, get
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from backend.http.pages import html
from backend.http.problems import MEDIA_TYPE, Problem
from backend.http.staff import PUBLIC
from grid.kit.refusals import NotFound


def _closed(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Litestar's own schema routes answer 404 in HTML; ours answer in the one error shape."""
    raise NotFound("没有这个地址")


OPENAPI = OpenAPIConfig(
    title="网格 Wangge",
    version="1",
    description="Staff API. Errors are application/problem+json; times are UTC; places are WGS-84.",
    openapi_router=Router(
        path="/api/openapi", route_handlers=[], guards=[_closed], include_in_schema=False
    ),
    render_plugins=[JsonRenderPlugin(path="/schema.json")],
    components=Components(
        security_schemes={"access_token": SecurityScheme(type="http", scheme="bearer")}
    ),
    security=[{"access_token": []}],
    use_handler_docstrings=True,
)


@get("/api/v1/openapi.json", opt={PUBLIC: True}, include_in_schema=False, sync_to_thread=False)
def schema(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The contract as OpenAPI 3.1."""
    body = msgspec.json.encode(contract(request.app), order="sorted")
    return Response(body, media_type="application/vnd.oai.openapi+json")


@get("/api/docs", opt={PUBLIC: True}, include_in_schema=False, sync_to_thread=False)
def page(request: Request[Any, Any, Any]) -> Response[str]:
    """Every operation on one page, to be read by people."""
    schema = contract(request.app)
    return html("api_docs.html", operations=_operations(schema), title=schema["info"]["title"])


def contract(app: Litestar) -> dict[str, Any]:
    """The whole OpenAPI document: Litestar's, with the errors that every operation may give."""
    document = app.openapi_schema.to_schema()
    schemas, components = msgspec.json.schema_components([Problem], ref_template=_REFERENCES)
    document["components"]["schemas"] |= components
    problem = {"content": {MEDIA_TYPE: {"schema": schemas[0]}}}
    for operations in document["paths"].values():
        for operation in operations.values():
            for status in _ERRORS:
                described = {"description": status.phrase, **problem}
                operation["responses"][str(status.value)] = described
    return document


_REFERENCES = "#/components/schemas/{name}"
_ERRORS = tuple(HTTPStatus(code) for code in (400, 401, 403, 404, 405, 409, 413, 429, 500, 503))


def _operations(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": operation.get("summary", ""),
            "description": operation.get("description", ""),
            "parameters": operation.get("parameters", []),
            "body": _body_name(operation),
        }
        for path, operations in sorted(schema["paths"].items())
        for method, operation in operations.items()
        if isinstance(operation, dict)
    ]


def _body_name(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    return str(reference).rsplit("/", 1)[-1]
