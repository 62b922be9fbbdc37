"""The simulator's pure parts against published vectors and against their own bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.simulator.cipher import CipherRefused, Envelope, sign
from bot.simulator.clock import VirtualClock, beijing_day, beijing_month
from bot.simulator.datum import to_gcj02
from bot.simulator.errors import PlatformError
from bot.simulator.followers import FollowerBook
from bot.simulator.mailbox import Mailbox
from bot.simulator.media import LIFE_S, MediaShelf
from bot.simulator.notices import shown
from bot.simulator.windows import SendingWindow
from bot.simulator.wire import Bare, write

SEALED = (
    "Q3stYC6hdFzMh9T8HCvyDFYqp+WRA4JhXTSMyMJMcetdiNVcMrNQ+2F56y/mfUu3DP1qxwfRDEZHxPRd9nE9s7SDS4TRs2ooBwcTL2n"
    "BbhDGvaw6mMix4Mg2V4QBJwdQPxeKXgqc+v27BE9u5d4yKZKD0f6dKTERcve315/84XsMQiu4+w2VLqlS8KiNzyZ/2wArcHGHIbMfXCq"
    "ryFMbiV2llAW/tSo60X9ixhNj+widSk+Xv/eIgNhW7VwZVoL+NNedskXZNmKrPm/qGRVTons6/ARVGoCPuUdJFbWMya3wM2VbzYCZUvD"
    "+k19myPEyQY7ofswDeQaKB08mPTWJlXmCvDBiifAzAO3Jqcqe4QeEsHe0W/WkY/YWlBttRxtC4mQCN3FNsZAgnFgKlpbqqHY/97aJ09"
    "ypZvxGddZidyo="
)
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def test_the_signature_of_the_published_vector() -> None:
    assert sign("AAAAA", "1714037059", "486452656") == "899cf89e464efb63f54ddac96b0a0a235f53aa78"


def test_the_envelope_of_the_reference_vector_opens() -> None:
    assert sign("sim-token-01", "1700000000", "1320562132", SEALED) == (
        "59ea294aa1fcc5405f2e07e830407e68ec13830f"
    )
    xml = Envelope(KEY, "wx0123456789abcdef").open(SEALED).decode()
    assert "<Content><![CDATA[余额]]></Content><MsgId>24300000000000001</MsgId></xml>" in xml


@given(st.binary(max_size=500))
def test_what_is_sealed_opens(xml: bytes) -> None:
    envelope = Envelope(KEY, "wxsim")
    assert envelope.open(envelope.seal(xml)) == xml


@pytest.mark.parametrize("sealed", ["", "?", "AAAA", "A" * 24, "é", SEALED[:-24]])
def test_a_spoilt_envelope_is_refused(sealed: str) -> None:
    with pytest.raises(CipherRefused):
        Envelope(KEY, "wx0123456789abcdef").open(sealed)


def test_an_envelope_of_another_account_is_refused() -> None:
    with pytest.raises(CipherRefused, match="another app id"):
        Envelope(KEY, "wxsim").open(SEALED)


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        ((35.0, 105.0), (34.99909863, 105.00328624)),
        ((39.907333, 116.391083), (39.90873416, 116.39732405)),
        ((30.592800, 114.305500), (30.59039056, 114.31094489)),
        ((45.803800, 126.535000), (45.80578153, 126.54104035)),
        ((51.507400, -0.127800), (51.507400, -0.127800)),
    ],
)
def test_the_datum_of_the_reference_vectors(
    wgs84: tuple[float, float], gcj02: tuple[float, float]
) -> None:
    assert to_gcj02(*wgs84) == pytest.approx(gcj02, abs=1e-8)


def test_the_long_window_is_five_messages_in_48_hours() -> None:
    window = SendingWindow()
    window.open_by_message(0.0)
    for _ in range(5):
        window.spend(48 * 3600 - 1)
    with pytest.raises(PlatformError, match="45047"):
        window.spend(48 * 3600 - 1)
    with pytest.raises(PlatformError, match="45015"):
        window.spend(48 * 3600)


def test_the_short_window_is_spent_first_and_closes_after_a_minute() -> None:
    window = SendingWindow()
    window.open_by_message(0.0)
    window.open_by_action(0.0)
    for _ in range(3):
        window.spend(59.0)
    assert (window.action_left, window.message_left) == (0, 5)
    window.open_by_action(0.0)
    window.spend(60.0)
    assert (window.action_left, window.message_left) == (3, 4)


def test_cdata_cannot_be_left() -> None:
    written = write(
        "xml", [("Content", "a]]><Evil>1</Evil>\x00"), ("MsgId", 7), ("X", Bare("1.5"))]
    )
    assert written == (
        "<xml><Content><![CDATA[a]]]]><![CDATA[><Evil>1</Evil>]]></Content>"
        "<MsgId>7</MsgId><X>1.5</X></xml>"
    )


def test_the_mailbox_is_bounded_for_each_and_for_all() -> None:
    box = Mailbox(VirtualClock(), per_follower=3, total=5)
    ids = [
        box.put(openid, "text", {"text": str(n)}, via="custom").id
        for n, openid in enumerate(["a", "a", "a", "a", "b", "b", "c"])
    ]
    kept = [message.id for message in box.after(None, 0, both_directions=True, limit=99)]
    assert kept == ids[2:]
    assert [m.id for m in box.after("a", 0, both_directions=True, limit=99)] == ids[2:4]
    assert len(box) == 5


def test_the_county_of_72175_followers_is_searched() -> None:
    book = FollowerBook((), 0.0)
    for number in range(72_175):
        book.meet(f"oCOUNTY{number:06}", 0.0)
    assert len(book) == 72_175
    assert [one.openid for one in book.search("county072174", 50)] == ["oCOUNTY072174"]
    assert len(book.search("", 50)) == 50


def test_media_live_three_days() -> None:
    clock = VirtualClock()
    shelf = MediaShelf(clock)
    media = shelf.put("image", b"\x89PNG\r\n\x1a\n....")
    assert shelf.get(media.media_id, "image") is media
    with pytest.raises(PlatformError, match="40007"):
        shelf.get(media.media_id, "voice")
    clock.advance(LIFE_S)
    with pytest.raises(PlatformError, match="40007"):
        shelf.get(media.media_id)


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        ("picture", b"x" * 10, 40004),
        ("image", b"", 41005),
        ("image", b"GIF8", 40006),
        ("image", b"<svg></svg>", 40005),
        ("image", b"\x89PNG\r\n\x1a\n" + bytes(10 * 1024 * 1024), 40006),
        ("thumb", b"\xff\xd8\xff" + bytes(64 * 1024), 40006),
    ],
)
def test_media_are_judged_by_kind_size_and_content(kind: str, content: bytes, code: int) -> None:
    with pytest.raises(PlatformError, match=str(code)):
        MediaShelf(VirtualClock()).put(kind, content)


def test_a_template_message_loses_what_the_platform_removes() -> None:
    values = {"first": "您好", "keyword1": "已到\n达现场🎉" + "很" * 30, "remark": "谢谢"}
    assert shown("进度", values) == "进度\nkeyword1: 已到 达现场" + "很" * 14


def test_beijing_days_begin_at_sixteen_hours_utc() -> None:
    before = 1_700_000_000 // 86_400 * 86_400 + 16 * 3600 - 1
    assert beijing_day(before + 1) == beijing_day(before) + 1
    assert beijing_month(1_701_360_000 - 1) == "2023-11"
    assert beijing_month(1_701_360_000) == "2023-12"
