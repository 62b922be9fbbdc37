"""Photos and files from the phone: declared by hash, sent in pieces, gone on with after a cut."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from litestar import Controller, Response, get, head, patch, post
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from litestar.response import Stream

from grid.evidence import declaring, serving, uploads
from grid.evidence.types import BlobNeed, DeclareBlobs, MediaType, UploadView
from grid.kit.pages import Page
from grid.kit.refusals import NotFound
from mobile_api.parameters import StaffRequest

#: What every answer with a file says: it is what it says it is, it runs nothing, nobody keeps it.
_SHOWN_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HEX = frozenset("0123456789abcdef")

Offset: TypeAlias = Annotated[
    int,
    HeaderParameter(name="Upload-Offset", ge=0, le=1_000_000_000, description="where it begins"),
]
Checksum: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="Upload-Checksum", max_length=100, description="`sha256 <base64>` of this chunk"
    ),
]


_BYTES = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))


@dataclass
class _FileOperation(Operation):
    """Says in the contract that the answer is a file of one of the kinds that are kept."""

    def __post_init__(self) -> None:
        kinds = (*MediaType, "application/octet-stream")
        self.responses = {
            **(self.responses or {}),
            "200": OpenAPIResponse(
                description="The bytes of the file", content=dict.fromkeys(map(str, kinds), _BYTES)
            ),
        }


@dataclass
class _ChunkOperation(Operation):
    """Says in the contract that the body is a piece of a file."""

    def __post_init__(self) -> None:
        self.request_body = RequestBody(
            content={"application/octet-stream": _BYTES},
            description=f"1 to {uploads.CHUNK_MAX_BYTES} bytes",
            required=True,
        )


class BlobController(Controller):
    path = "/blobs"
    tags = ("evidence",)

    @post(status_code=200)
    async def declare(self, request: StaffRequest, data: JSONBody[DeclareBlobs]) -> Page[BlobNeed]:
        """What is here of files that I will send, in the order asked. Safe to ask again: it needs
        no key, and its answer is always that of now."""
        return Page(items=await declaring.declare(request.user, data), next=None)

    @head("/{sha256:str}")
    async def progress(self, request: StaffRequest, sha256: FromPath[str]) -> Response[None]:
        """How far my own upload is, in `Upload-Offset` and `Upload-Length`."""
        view = await uploads.progress(request.user, _named(sha256))
        return Response(None, headers=_progress_headers(view))

    @patch(
        "/{sha256:str}",
        status_code=204,
        request_max_body_size=uploads.CHUNK_MAX_BYTES,
        operation_class=_ChunkOperation,
    )
    async def send(
        self,
        request: StaffRequest,
        sha256: FromPath[str],
        offset: Offset,
        checksum: Checksum = None,
    ) -> Response[None]:
        """The bytes from `Upload-Offset` on; they are on the disk when the answer comes. A wrong
        offset is answered with 409 and the right one. The last chunk is answered when the file was
        held against its hash and looked at: 409 `digest_wrong`, 415 `content_not_accepted`."""
        view = await uploads.take_chunk(
            request.user, _named(sha256), offset, await request.body(), checksum
        )
        return Response(None, status_code=204, headers=_progress_headers(view))

    @get("/{sha256:str}", operation_class=_FileOperation)
    async def show(
        self,
        request: StaffRequest,
        sha256: FromPath[str],
        size: Annotated[Literal["full", "thumb"], QueryParameter()] = "full",
    ) -> Stream:
        """A file that I reach: the copy by its hash; the original by its own for the few who may.
        `size=thumb` gives a small JPEG of either."""
        shown = await serving.show(request.user, _named(sha256), thumb=size == "thumb")
        disposition = "inline" if shown.is_picture else "attachment"
        name = f"{shown.sha256[:16]}{_ENDINGS.get(shown.media_type, '.bin')}"
        return Stream(
            shown.pieces,
            media_type=shown.media_type,
            headers={
                **_SHOWN_HEADERS,
                "Content-Length": str(shown.size_bytes),
                "Content-Disposition": f'{disposition}; filename="{name}"',
            },
        )


_ENDINGS: dict[str, str] = {
    MediaType.JPEG: ".jpg",
    MediaType.WEBP: ".webp",
    MediaType.PNG: ".png",
    MediaType.PDF: ".pdf",
}


def _named(sha256: str) -> str:
    """A hash in lower case. Raises NotFound: nothing has another name."""
    if len(sha256) != 64 or not _HEX.issuperset(sha256):
        raise NotFound("没有这个文件")
    return sha256


def _progress_headers(view: UploadView) -> dict[str, Any]:
    return {"Upload-Offset": str(view.offset), "Upload-Length": str(view.bytes)}
