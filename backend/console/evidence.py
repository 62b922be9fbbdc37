"""Photos and files on the pages of jobs and tickets: thumbnails, the copy, for few the original."""

from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from litestar import get
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from backend.console.session import ConsoleRequest
from grid.evidence.serving import show
from grid.evidence.types import EvidenceState, EvidenceView, MediaType
from grid.kit.refusals import NotFound
from grid.territory.authority import Action, may
from grid.work_orders.kinds import PURPOSE_WORDS
from grid.work_orders.on_site.evidence import evidence_of as evidence_of_job
from grid.work_orders.tickets.evidence import evidence_of as evidence_of_ticket

#: What every answer with a file says: it is what it says it is, it runs nothing, nobody keeps it.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_ENDINGS: dict[str, str] = {
    MediaType.JPEG: ".jpg",
    MediaType.WEBP: ".webp",
    MediaType.PNG: ".png",
    MediaType.PDF: ".pdf",
}
_HEX = frozenset("0123456789abcdef")
#: Whose page has photos of its own that a similar one may be compared with.
_PAGES = {"work_order": "work-orders", "ticket": "tickets"}
STATE_WORDS = {
    EvidenceState.MISSING: "还没有传到",
    EvidenceState.PARTIAL: "传了一部分",
    EvidenceState.COMPLETE: "已传到，正在处理",
    EvidenceState.REFUSED: "没有收下",
}


class Pieces(NamedTuple):
    """What a page shows of one matter's evidence."""

    items: list[EvidenceView]
    sees_originals: bool
    purposes: dict[str, str]
    states: dict[EvidenceState, str]

    def similar_to(self, item: EvidenceView) -> list[str]:
        """Addresses of the other matters with (nearly) the same picture."""
        return [
            f"/console/{_PAGES[other.subject_kind]}/{other.subject_id}"
            for other in item.near_duplicates
            if other.subject_kind in _PAGES
        ]


@get("/evidence/{sha256:str}", include_in_schema=False)
async def evidence_file(
    request: ConsoleRequest,
    sha256: FromPath[str],
    size: Annotated[Literal["full", "thumb"], QueryParameter()] = "full",
) -> Stream:
    """A file that I reach, by the hash of its copy, or of its original for those who may."""
    if len(sha256) != 64 or not _HEX.issuperset(sha256):
        raise NotFound("没有这个文件")
    shown = await show(request.user, sha256, thumb=size == "thumb")
    disposition = "inline" if shown.is_picture else "attachment"
    name = f"{shown.sha256[:16]}{_ENDINGS.get(shown.media_type, '.bin')}"
    return Stream(
        shown.pieces,
        media_type=shown.media_type,
        headers={
            **_HEADERS,
            "Content-Length": str(shown.size_bytes),
            "Content-Disposition": f'{disposition}; filename="{name}"',
        },
    )


async def pieces_of_job(request: ConsoleRequest, work_order_id: UUID) -> Pieces:
    """What was attached to a job, as far as the reader may see it. Raises NotFound."""
    return _pieces(request, await evidence_of_job(request.user, work_order_id))


async def pieces_of_ticket(request: ConsoleRequest, ticket_id: UUID) -> Pieces:
    """What was attached to a ticket, as far as the reader may see it. Raises NotFound."""
    return _pieces(request, await evidence_of_ticket(request.user, ticket_id))


def _pieces(request: ConsoleRequest, items: list[EvidenceView]) -> Pieces:
    purposes = {purpose.value: words for purpose, words in PURPOSE_WORDS.items()}
    return Pieces(items, may(request.user, Action.READ_ORIGINALS), purposes, STATE_WORDS)


#: The routes of this file.
ROUTES = (evidence_file,)
