"""Server-rendered pages: Jinja with autoescape, a Content-Security-Policy without exceptions."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from litestar import Response

#: Only our own files; no inline script or style, no frame, no form to elsewhere.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def templates(folder: Path) -> Environment:
    """The templates of one door. A forgotten variable is an error, not an empty place."""
    return Environment(
        loader=FileSystemLoader([folder, _HERE]),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def html(name: str, status: int = 200, **values: Any) -> Response[str]:
    """A page of the porch itself."""
    return html_of(_PORCH, name, status, **values)


def html_of(pages: Environment, name: str, status: int = 200, **values: Any) -> Response[str]:
    """A page of a door's templates with the headers every page has."""
    return Response(
        pages.get_template(name).render(**values),
        status_code=status,
        media_type="text/html",
        headers=dict(HEADERS),
    )


_HERE = Path(__file__).parent / "templates"
_PORCH = templates(_HERE)
