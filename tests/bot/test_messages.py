"""Every message and event of the platform, every hostile row, and what makes two the same."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import messages
from bot.messages import read_message
from bot.xml import Malformed

from .envelopes import OPENID, ORIGINAL_ID, event, head, message, text

ID = "<MsgId>24300000000000001</MsgId>"
SEND_LOCATION = (
    "<EventKey><![CDATA[FAULT_LOC]]></EventKey><SendLocationInfo>"
    "<Location_X><![CDATA[23]]></Location_X><Location_Y><![CDATA[113]]></Location_Y>"
    "<Scale><![CDATA[15]]></Scale><Label><![CDATA[某路]]></Label><Poiname><![CDATA[]]></Poiname>"
    "</SendLocationInfo>"
)
SEND_PICS = (
    "<EventKey><![CDATA[FAULT_PIC]]></EventKey><SendPicsInfo><Count>1</Count><PicList><item>"
    "<PicMd5Sum><![CDATA[0cc175b9c0f1b6a831c399e269772661]]></PicMd5Sum></item></PicList>"
    "</SendPicsInfo>"
)
SCAN_CODE = (
    "<EventKey><![CDATA[METER_QR]]></EventKey><ScanCodeInfo><ScanType><![CDATA[qrcode]]></ScanType>"
    "<ScanResult><![CDATA[METER:0001]]></ScanResult></ScanCodeInfo>"
)
POPUP = (
    "<SubscribeMsgPopupEvent><List><TemplateId><![CDATA[TPL_A]]></TemplateId>"
    "<SubscribeStatusString><![CDATA[accept]]></SubscribeStatusString><PopupScene>1</PopupScene>"
    "</List><List><TemplateId><![CDATA[TPL_B]]></TemplateId>"
    "<SubscribeStatusString><![CDATA[reject]]></SubscribeStatusString><PopupScene>1</PopupScene>"
    "</List></SubscribeMsgPopupEvent>"
)
CHANGE = (
    "<SubscribeMsgChangeEvent><List><TemplateId><![CDATA[TPL_A]]></TemplateId>"
    "<SubscribeStatusString><![CDATA[reject]]></SubscribeStatusString></List>"
    "</SubscribeMsgChangeEvent>"
)
SENT = (
    "<SubscribeMsgSentEvent><List><TemplateId><![CDATA[TPL_A]]></TemplateId>"
    "<MsgID><![CDATA[1700827132819554304]]></MsgID><ErrorCode>0</ErrorCode>"
    "<ErrorStatus><![CDATA[success]]></ErrorStatus></List></SubscribeMsgSentEvent>"
)
LOCATION = "<Location_X>{}</Location_X><Location_Y>{}</Location_Y><Scale>16</Scale>"
LABEL = "<Label><![CDATA[广东省广州市天河区某路1号]]></Label>"

SAID = [
    (text("余额"), messages.TextMessage, {"content": "余额", "menu_choice": None}),
    (
        message("text", f"<Content><![CDATA[满意]]></Content><bizmsgmenuid>101</bizmsgmenuid>{ID}"),
        messages.TextMessage,
        {"content": "满意", "menu_choice": "101"},
    ),
    (
        message(
            "image",
            f"<PicUrl><![CDATA[http://img.example.cn/1.jpg]]></PicUrl><MediaId><![CDATA[MEDIA1]]></MediaId>{ID}",
        ),
        messages.MediaMessage,
        {"kind": "image", "media_id": "MEDIA1"},
    ),
    (
        message(
            "voice",
            f"<MediaId><![CDATA[MEDIA2]]></MediaId><Format><![CDATA[amr]]></Format><MediaId16K><![CDATA[MEDIA2_16K]]></MediaId16K>{ID}",
        ),
        messages.MediaMessage,
        {"kind": "voice", "media_id": "MEDIA2"},
    ),
    (
        message(
            "video",
            f"<MediaId><![CDATA[MEDIA3]]></MediaId><ThumbMediaId><![CDATA[THUMB3]]></ThumbMediaId>{ID}",
        ),
        messages.MediaMessage,
        {"kind": "video", "media_id": "MEDIA3"},
    ),
    (
        message(
            "shortvideo",
            f"<MediaId><![CDATA[MEDIA4]]></MediaId><ThumbMediaId><![CDATA[THUMB4]]></ThumbMediaId>{ID}",
        ),
        messages.MediaMessage,
        {"kind": "shortvideo", "media_id": "MEDIA4"},
    ),
    (
        message("location", LOCATION.format("23.131992", "113.364292") + LABEL + ID),
        messages.LocationMessage,
        {
            "lat": Decimal("23.131992"),
            "lon": Decimal("113.364292"),
            "label": "广东省广州市天河区某路1号",
        },
    ),
    (
        message(
            "link",
            f"<Title><![CDATA[t]]></Title><Description><![CDATA[d]]></Description><Url><![CDATA[https://example.cn/]]></Url>{ID}",
        ),
        messages.LinkMessage,
        {"url": "https://example.cn/"},
    ),
    (message("hologram", ID), messages.Unknown, {"kind": "message"}),
]
EVENTS = [
    ("subscribe", "<EventKey><![CDATA[]]></EventKey>", messages.Subscribed, {"scene": None}),
    (
        "subscribe",
        "<EventKey><![CDATA[qrscene_bind-7F3A]]></EventKey><Ticket><![CDATA[TICKET1]]></Ticket>",
        messages.Subscribed,
        {"scene": "bind-7F3A"},
    ),
    ("unsubscribe", "<EventKey><![CDATA[]]></EventKey>", messages.Unsubscribed, {}),
    (
        "SCAN",
        "<EventKey><![CDATA[bind-7F3A]]></EventKey><Ticket><![CDATA[TICKET1]]></Ticket>",
        messages.Scanned,
        {"scene": "bind-7F3A"},
    ),
    (
        "LOCATION",
        "<Latitude>23.137466</Latitude><Longitude>113.352425</Longitude><Precision>119.385040</Precision>",
        messages.LocationReported,
        {"lat": Decimal("23.137466"), "lon": Decimal("113.352425")},
    ),
    ("CLICK", "<EventKey><![CDATA[BALANCE]]></EventKey>", messages.MenuClicked, {"key": "BALANCE"}),
    (
        "VIEW",
        "<EventKey><![CDATA[https://pay.example.cn/h5]]></EventKey><MenuId>410000001</MenuId>",
        messages.Notice,
        {"event": "VIEW"},
    ),
    (
        "location_select",
        SEND_LOCATION,
        messages.LocationMessage,
        {"lat": Decimal(23), "lon": Decimal(113), "label": "某路"},
    ),
    ("pic_photo_or_album", SEND_PICS, messages.MenuClicked, {"key": "FAULT_PIC"}),
    ("scancode_waitmsg", SCAN_CODE, messages.MenuClicked, {"key": "METER_QR"}),
    (
        "TEMPLATESENDJOBFINISH",
        "<MsgID>200163836</MsgID><Status><![CDATA[failed:user block]]></Status>",
        messages.Notice,
        {"event": "TEMPLATESENDJOBFINISH"},
    ),
    ("subscribe_msg_popup_event", POPUP, messages.Notice, {"event": "subscribe_msg_popup_event"}),
    (
        "subscribe_msg_change_event",
        CHANGE,
        messages.Notice,
        {"event": "subscribe_msg_change_event"},
    ),
    ("subscribe_msg_sent_event", SENT, messages.Notice, {"event": "subscribe_msg_sent_event"}),
    (
        "kf_create_session",
        "<KfAccount><![CDATA[agent1@gh_1234567890ab]]></KfAccount>",
        messages.Notice,
        {"event": "kf_create_session"},
    ),
    ("brand_new_event", "", messages.Unknown, {"kind": "event"}),
    ("", "", messages.Unknown, {"kind": "event"}),
]


@pytest.mark.parametrize(("xml", "kind", "facts"), SAID)
def test_what_people_send(xml: bytes, kind: type, facts: dict[str, object]) -> None:
    read = read_message(xml)
    assert type(read) is kind
    assert (read.to_user, read.openid, read.created_at_s) == (ORIGINAL_ID, OPENID, 1_700_000_000)
    assert {name: getattr(read, name) for name in facts} == facts


@pytest.mark.parametrize(("name", "rest", "kind", "facts"), EVENTS)
def test_what_happens(name: str, rest: str, kind: type, facts: dict[str, object]) -> None:
    read = read_message(event(name, rest))
    assert type(read) is kind
    assert {name: getattr(read, name) for name in facts} == facts


def raw(inner: str) -> bytes:
    return f"<xml>{inner}</xml>".encode()


TYPE = "<MsgType><![CDATA[text]]></MsgType>"
CONTENT = "<Content><![CDATA[好]]></Content>"
HOSTILE = {
    "external entity": b'<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    + raw(f"{head()}{TYPE}<Content>&x;</Content>{ID}"),
    "nested entities": b'<!DOCTYPE xml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    + raw(f"{head()}{TYPE}<Content>&b;</Content>{ID}"),
    "parameter entity": b'<!DOCTYPE xml [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]>'
    + text("好"),
    "external DTD": b'<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/x.dtd">' + text("好"),
    "attribute list": b'<!DOCTYPE xml [<!ATTLIST Content a CDATA "inj">]>' + text("好"),
    "empty body": b"",
    "a word": b"hello",
    "JSON": b"{}",
    "NUL in Content": text("好\x00"),
    "no known field": b"<xml><a>1</a></xml>",
    "foreign root": text("好").replace(b"xml>", b"foo>"),
    "empty root": b"<xml/>",
    "two MsgType": raw(head() + TYPE + TYPE + CONTENT + ID),
    "nested MsgType": raw(f"{head()}<MsgType><a>text</a></MsgType>{CONTENT}{ID}"),
    "attribute": raw(f'{head()}<MsgType a="1">text</MsgType>{CONTENT}{ID}'),
    "two FromUserName": raw(head() + head() + TYPE + CONTENT + ID),
    "two Content": raw(head() + TYPE + CONTENT + CONTENT + ID),
    "MsgId of letters": raw(f"{head()}{TYPE}{CONTENT}<MsgId>abc</MsgId>"),
    "MsgId negative": raw(f"{head()}{TYPE}{CONTENT}<MsgId>-1</MsgId>"),
    "MsgId too large": raw(f"{head()}{TYPE}{CONTENT}<MsgId>{2**64}</MsgId>"),
    "MsgId of full-width digits": raw(f"{head()}{TYPE}{CONTENT}<MsgId>１２３</MsgId>"),
    "MsgId missing": raw(head() + TYPE + CONTENT),
    "MsgType missing": raw(head() + CONTENT + ID),
    "CreateTime huge": text("好", created_at_s=10**12),
    "openid of markup": text("好", openid="<b>"),
    "openid too long": text("好", openid="o" * 65),
    "UTF-16 declared": b'<?xml version="1.0" encoding="utf-16"?>' + text("a"),
    "UTF-16 bytes": text("好").decode().encode("utf-16"),
    "GBK": b'<?xml version="1.0" encoding="GBK"?>' + text("好").decode().encode("gbk"),
    "processing instruction": b"<?php evil ?>" + text("好"),
    "latitude nan": message("location", LOCATION.format("nan", "113.3") + ID),
    "longitude 1e999": message("location", LOCATION.format("23.1", "1e999") + ID),
    "latitude infinite": message("location", LOCATION.format("Infinity", "113.3") + ID),
    "latitude 91": message("location", LOCATION.format("91", "113.3") + ID),
    "longitude 181": message("location", LOCATION.format("23", "-181") + ID),
    "latitude missing": message("location", ID),
    "deep nesting": raw("<a>" * 1000 + "</a>" * 1000),
    "deep nesting where children are allowed": event(
        "location_select", "<SendLocationInfo>" + "<a>" * 90 + "</a>" * 90 + "</SendLocationInfo>"
    ),
    "many siblings": raw(head() + TYPE + "".join(f"<f{n}/>" for n in range(5000)) + ID),
    "many siblings where children are allowed": event(
        "pic_weixin", "<SendPicsInfo>" + "<a/>" * 5000 + "</SendPicsInfo>"
    ),
    "two documents": text("好") + text("好"),
    "cut": text("好")[:-5],
    "unescaped CDATA end": raw(f"{head()}{TYPE}<Content><![CDATA[a]]>]]></Content>{ID}"),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_xml_is_refused(name: str) -> None:
    with pytest.raises(Malformed):
        read_message(HOSTILE[name])


def test_an_event_without_a_name_is_unknown() -> None:
    assert isinstance(
        read_message(raw(f"{head()}<MsgType>event</MsgType><Event/>")), messages.Unknown
    )
    assert isinstance(read_message(raw(f"{head()}<MsgType>event</MsgType>")), messages.Unknown)


def test_library_defect_W12_spaces_and_blanks_in_a_text_are_kept() -> None:
    assert read_message(text("  12 \n ")).content == "  12 \n "
    assert read_message(text("   ")).content == "   "
    assert read_message(text("")).content == ""


def test_a_byte_order_mark_and_a_declaration_are_read() -> None:
    declared = b'<?xml version="1.0" encoding="UTF-8"?>' + text("好")
    assert read_message(declared).content == "好"
    assert read_message(b"\xef\xbb\xbf" + text("好")).content == "好"


def test_split_cdata_is_one_text() -> None:
    assert read_message(text("a]]]]><![CDATA[>b")).content == "a]]>b"


def test_fifteen_people_with_one_message_id_are_fifteen_messages() -> None:
    keys = {read_message(text("余额", openid=f"o{n}")).dedup_key for n in range(15)}
    assert len(keys) == 15


def test_a_hundred_events_of_one_second_are_a_hundred() -> None:
    keys = {
        read_message(event("CLICK", f"<EventKey><![CDATA[K{n}]]></EventKey>")).dedup_key
        for n in range(100)
    }
    assert len(keys) == 100


def test_the_same_delivery_twice_is_one_message() -> None:
    assert read_message(text("余额")).dedup_key == read_message(text("余额")).dedup_key
    assert read_message(text("余额")).dedup_key != read_message(text("充值")).dedup_key


def test_field_borders_cannot_be_moved() -> None:
    one = event("CLICK", "<EventKey><![CDATA[ab]]></EventKey><Ticket><![CDATA[c]]></Ticket>")
    two = event("CLICK", "<EventKey><![CDATA[a]]></EventKey><Ticket><![CDATA[bc]]></Ticket>")
    assert read_message(one).dedup_key != read_message(two).dedup_key


@settings(max_examples=400)
@given(st.data())
def test_mutated_xml_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    base = data.draw(
        st.sampled_from([text("余额"), event("location_select", SEND_LOCATION), SAID[6][0]])
    )
    at = data.draw(st.integers(0, len(base)))
    cut = data.draw(st.integers(0, 12))
    mutated = base[:at] + data.draw(st.binary(max_size=8)) + base[at + cut :]
    try:
        read = read_message(mutated)
    except Malformed:
        return
    assert isinstance(read, messages.Message)
