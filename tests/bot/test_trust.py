"""Signature, cipher, freshness and addressee, with the published vectors V0, V1 and V2."""

import base64
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.trust import (
    CallbackKeys,
    Opened,
    Untrusted,
    WeakKeys,
    aes_key_of,
    decrypt,
    encrypt,
    read_query,
    signature_of,
)

from .envelopes import (
    AES_KEY,
    APP_ID,
    KEYS,
    NOW_S,
    ORIGINAL_ID,
    TOKEN,
    plain_query,
    sealed,
    text,
    trust,
)

V2_ENCRYPTED = "Q3stYC6hdFzMh9T8HCvyDFYqp+WRA4JhXTSMyMJMcetdiNVcMrNQ+2F56y/mfUu3DP1qxwfRDEZHxPRd9nE9s7SDS4TRs2ooBwcTL2nBbhDGvaw6mMix4Mg2V4QBJwdQPxeKXgqc+v27BE9u5d4yKZKD0f6dKTERcve315/84XsMQiu4+w2VLqlS8KiNzyZ/2wArcHGHIbMfXCqryFMbiV2llAW/tSo60X9ixhNj+widSk+Xv/eIgNhW7VwZVoL+NNedskXZNmKrPm/qGRVTons6/ARVGoCPuUdJFbWMya3wM2VbzYCZUvD+k19myPEyQY7ofswDeQaKB08mPTWJlXmCvDBiifAzAO3Jqcqe4QeEsHe0W/WkY/YWlBttRxtC4mQCN3FNsZAgnFgKlpbqqHY/97aJ09ypZvxGddZidyo="
V2_XML = (
    "<xml><ToUserName><![CDATA[gh_1234567890ab]]></ToUserName>"
    "<FromUserName><![CDATA[oTEST0000000000000000000000A]]></FromUserName>"
    "<CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[余额]]></Content><MsgId>24300000000000001</MsgId></xml>"
)
OTHER = CallbackKeys.of("another-token-of-16+", "0" * 43)


def query_of(pairs: dict[str, str]):
    return read_query(list(pairs.items()))


def test_V0_and_V1_the_published_signatures() -> None:
    assert signature_of("AAAAA", "1714037059", "486452656") == (
        "899cf89e464efb63f54ddac96b0a0a235f53aa78"
    )
    assert signature_of("sim-token-01", "1700000000", "1320562132") == (
        "110bd139fde77dac74e7474c138a42efe4548cae"
    )


def test_V2_the_published_cipher_both_ways() -> None:
    key = aes_key_of(AES_KEY)
    assert key.hex() == "69b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3d0010831051"
    assert encrypt(key, V2_XML.encode(), APP_ID, prefix=b"0123456789abcdef") == V2_ENCRYPTED
    assert decrypt(key, V2_ENCRYPTED, APP_ID) == V2_XML.encode()
    assert signature_of("sim-token-01", "1700000000", "1320562132", V2_ENCRYPTED) == (
        "59ea294aa1fcc5405f2e07e830407e68ec13830f"
    )


@given(st.binary(max_size=300))
def test_what_is_encrypted_decrypts_and_is_padded_to_32_bytes(xml: bytes) -> None:
    encrypted = encrypt(KEYS.aes_key, xml, APP_ID)
    assert decrypt(KEYS.aes_key, encrypted, APP_ID) == xml
    assert len(base64.b64decode(encrypted)) % 32 == 0


def test_a_safe_message_opens_and_its_answer_is_sealed_for_the_platform() -> None:
    ours = trust()
    pairs, body = sealed(text("余额"))
    query = query_of(pairs)
    opened = ours.open(query, body, NOW_S)
    assert opened == Opened(text("余额"), KEYS)
    answer = ours.seal("<xml>好</xml>", opened.keys, NOW_S).decode()
    encrypted = answer.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    signed = answer.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
    nonce = answer.split("<Nonce><![CDATA[")[1].split("]]>")[0]
    assert decrypt(KEYS.aes_key, encrypted, APP_ID).decode() == "<xml>好</xml>"
    assert signed == signature_of(TOKEN, str(NOW_S), nonce, encrypted)


def test_library_defect_W2_weak_keys_are_refused_at_start() -> None:
    for token in ("", "short", "x" * 15):
        with pytest.raises(WeakKeys):
            CallbackKeys.of(token, AES_KEY)
    for key in ("", AES_KEY[:-1], AES_KEY + "=", "中" * 43):
        with pytest.raises(WeakKeys):
            CallbackKeys.of(TOKEN, key)


@pytest.mark.parametrize("missing", ["signature", "timestamp", "nonce"])
def test_a_missing_part_of_the_query_is_refused(missing: str) -> None:
    pairs = plain_query()
    del pairs[missing]
    with pytest.raises(Untrusted):
        query_of(pairs)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("signature", ""),
        ("signature", "A" * 40),
        ("timestamp", "-1700000000"),
        ("timestamp", "1" + "0" * 18),
        ("timestamp", "１７００００００００"),
        ("timestamp", "17e8"),
        ("nonce", ""),
        ("nonce", "n" * 65),
        ("nonce", "a b"),
        ("encrypt_type", "AES"),
        ("msg_signature", "x" * 40),
    ],
)
def test_a_malformed_part_of_the_query_is_refused(name: str, value: str) -> None:
    with pytest.raises(Untrusted):
        query_of(plain_query() | {name: value})


def test_upper_case_hex_and_doubled_parts_are_refused() -> None:
    pairs = plain_query()
    with pytest.raises(Untrusted):
        query_of(pairs | {"signature": pairs["signature"].upper()})
    with pytest.raises(Untrusted):
        read_query([*pairs.items(), ("nonce", pairs["nonce"])])


@pytest.mark.parametrize(
    ("skew_s", "fresh"), [(300, True), (-300, True), (301, False), (-301, False)]
)
def test_only_five_minutes_are_fresh(skew_s: int, fresh: bool) -> None:
    pairs, body = sealed(text("余额"), now_s=NOW_S + skew_s)
    if fresh:
        assert trust().open(query_of(pairs), body, NOW_S)
    else:
        with pytest.raises(Untrusted):
            trust().open(query_of(pairs), body, NOW_S)


def test_plain_mode_is_refused_unless_a_setting_allows_it() -> None:
    query = query_of(plain_query())
    with pytest.raises(Untrusted):
        trust().open(query, text("余额"), NOW_S)
    opened = trust(allow_plain=True).open(query, text("余额"), NOW_S)
    assert opened == Opened(text("余额"), None)
    assert trust().seal("<xml/>", None, NOW_S) == b"<xml/>"


def test_safe_mode_body_without_its_signature_is_refused_even_where_plain_is_allowed() -> None:
    pairs, body = sealed(text("余额"))
    del pairs["msg_signature"]
    for ours in (trust(), trust(allow_plain=True)):
        with pytest.raises(Untrusted):
            ours.open(query_of(pairs), body, NOW_S)
    del pairs["encrypt_type"]
    with pytest.raises(Untrusted):
        trust(allow_plain=True).open(query_of(pairs), body, NOW_S)


def test_in_compatible_mode_only_the_decrypted_part_is_believed() -> None:
    beside = "<Content><![CDATA[转账]]></Content><MsgType><![CDATA[text]]></MsgType>"
    pairs, body = sealed(text("余额"), beside=beside)
    assert trust().open(query_of(pairs), body, NOW_S).xml == text("余额")


def test_two_ciphertexts_in_one_body_are_refused() -> None:
    pairs, body = sealed(text("余额"))
    _, other = sealed(text("充值"))
    encrypted = other.split(b"</ToUserName>")[1].split(b"</xml>")[0]
    with pytest.raises(Untrusted):
        trust().open(query_of(pairs), body.replace(b"</xml>", encrypted + b"</xml>"), NOW_S)


def test_rotation_accepts_the_previous_keys_and_answers_with_them() -> None:
    ours = trust(OTHER)
    pairs, body = sealed(text("余额"), keys=OTHER)
    query = query_of(pairs)
    opened = ours.open(query, body, NOW_S)
    assert opened == Opened(text("余额"), OTHER)
    answer = ours.seal("<xml/>", opened.keys, NOW_S).decode()
    encrypted = answer.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    assert decrypt(OTHER.aes_key, encrypted, APP_ID) == b"<xml/>"
    with pytest.raises(Untrusted):
        trust().open(query, body, NOW_S)


def test_the_two_secrets_rotate_independently() -> None:
    new_key = CallbackKeys(token=TOKEN, aes_key=b"k" * 32)
    for keys in (KEYS, new_key):
        pairs, body = sealed(text("余额"), keys=keys)
        opened = trust(new_key).open(query_of(pairs), body, NOW_S)
        assert opened == Opened(text("余额"), keys)


def test_a_message_for_another_account_is_refused() -> None:
    trust().check_addressee(ORIGINAL_ID)
    for other in ("", "gh_other", ORIGINAL_ID + "x", "网格"):
        with pytest.raises(Untrusted):
            trust().check_addressee(other)


def refused_ciphertexts() -> dict[str, str]:
    good = base64.b64decode(encrypt(KEYS.aes_key, text("余额"), APP_ID))
    return {
        "not base64": "!!!!",
        "empty": "",
        "wrong block length": base64.b64encode(good[:-5]).decode(),
        "one byte": base64.b64encode(b"x").decode(),
        "cut by a block": base64.b64encode(good[:-16]).decode(),
        "wrong padding": base64.b64encode(good[:-1] + bytes([good[-1] ^ 1])).decode(),
        "another key": encrypt(OTHER.aes_key, text("余额"), APP_ID),
        "another app": encrypt(KEYS.aes_key, text("余额"), "wxffffffffffffffff"),
        "app id longer": encrypt(KEYS.aes_key, text("余额"), APP_ID + "0"),
    }


@pytest.mark.parametrize("name", list(refused_ciphertexts()))
def test_every_broken_ciphertext_gets_the_same_refusal(name: str) -> None:
    with pytest.raises(Untrusted) as refusal:
        decrypt(KEYS.aes_key, refused_ciphertexts()[name], APP_ID)
    assert refusal.value.args == ()
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize("length", [2**32 - 1, 2**31, 10_000])
def test_a_length_beyond_the_data_is_refused(length: int) -> None:
    xml = text("余额")
    forged = encrypt(KEYS.aes_key, xml, APP_ID, prefix=b"0" * 16 + struct.pack(">I", length))
    with pytest.raises(Untrusted):
        decrypt(KEYS.aes_key, forged, APP_ID)


@settings(max_examples=300)
@given(st.data())
def test_no_mutation_of_a_signed_request_is_accepted(data: st.DataObject) -> None:
    pairs, body = sealed(text("余额"), nonce="77")
    where = data.draw(st.sampled_from(["body", *(set(pairs) - {"openid"})]))
    ours = trust()
    if where == "body":
        start = body.index(b"<Encrypt>")
        at = data.draw(st.integers(start + 18, body.index(b"]]></Encrypt>") - 1))
        byte = data.draw(st.sampled_from(b"ABCxyz019+/"))
        if body[at] == byte:
            return
        body = body[:at] + bytes([byte]) + body[at + 1 :]
    else:
        old = pairs[where]
        pairs[where] = data.draw(st.text(max_size=len(old) + 2))
        if pairs[where] == old:
            return
    with pytest.raises(Untrusted):
        ours.open(query_of(pairs), body, NOW_S)
