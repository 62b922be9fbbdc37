"""WeChat users and the accounts they act for: binding by proof, unbinding, the default, followers.

Binding gives `pay_and_report` only: a neighbour who reads bill and meter box may pay for somebody
and report their outage, and learns nothing else (P1). Everything that writes a user's links takes
the same advisory lock per openid first, then one per account number.
"""

from datetime import datetime, timedelta
from uuid import UUID

from asyncpg import Record

from grid.customers.policies import DAY, HOUR, binding_limits
from grid.customers.rules import proof_of, proofs_fit
from grid.customers.tables import BindingTry
from grid.customers.types import AccountState, BindWechat, LinkedAccount, LinkTrust, LinkView
from grid.geography.types import Place, PlaceClass
from grid.kit import audit
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch, fetch_one, insert, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import NotFound, Refusal, TooMany
from grid.territory.types import CustomerActor

#: A follower's last message is noted at most this often.
SEEN_NOTED_EVERY = timedelta(minutes=1)
#: Links shown to one user; far above what `binding_accounts_per_openid` allows.
LINKS_MAX = 50
ACCOUNT_NO_MAX = 20

_OPENID_LOCK = "SELECT pg_advisory_xact_lock(1937007981, hashtext($1))"
_ACCOUNT_LOCK = "SELECT pg_advisory_xact_lock(1937007982, hashtext($1))"


class BindingRefused(Refusal):
    """Unknown account, wrong name or wrong meter: the answer is one and the same (P1)."""

    status = 403
    title = "户号、户名、电表号不一致,没有绑定"


class TooManyTries(TooMany):
    """Too many failed tries of this user in an hour, or on this account number in a day."""

    title = "核对失败次数太多,请稍后再试,或到供电所办理"


class TooManyAccounts(TooMany):
    """The user acts for as many accounts as the company allows."""

    title = "绑定的户号已到上限,请先解绑不用的户号"


class AlreadyBound(Refusal):
    """The user is bound to this account; nothing was changed."""

    title = "这个户号已经绑定过了"


async def bind_wechat(actor: CustomerActor, command: BindWechat) -> LinkView:
    """Let a WeChat user act for an account, on three proofs.

    Raises BindingRefused, TooManyTries, TooManyAccounts, AlreadyBound. A failed try stays counted:
    it is raised after the own transaction has ended. A caller that opened the transaction catches
    the refusal inside of it and commits, or the count is lost with the rest.
    """
    now = await business_now()
    async with transaction():
        outcome = await _bind(actor.openid, command, now)
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


async def _bind(openid: str, command: BindWechat, now: datetime) -> LinkView | Refusal:
    account_no = proof_of(command.account_no)[:ACCOUNT_NO_MAX]
    await execute(_OPENID_LOCK, openid)
    await execute(_ACCOUNT_LOCK, account_no)
    refusal = await _limit_reached(openid, account_no, now)
    if refusal is not None:
        await audit.record("customers.bind_refused", _subject(openid), why=refusal.code)
        return refusal
    account = await _proven_account(account_no, command)
    await insert(
        BindingTry,
        id=new_id(),
        openid=openid,
        account_no=account_no,
        succeeded=account is not None,
        tried_at=now,
    )
    if account is None:
        await audit.record("customers.bind_refused", _subject(openid), why=BindingRefused.code)
        return BindingRefused()
    bound = await _add_link(openid, account["id"], now)
    await audit.record(
        "customers.bound", _subject(openid), account_no=account["account_no"], new=bound
    )
    if not bound:
        return AlreadyBound()
    return next(link for link in await links_of(openid) if link.account_no == account_no)


async def _limit_reached(openid: str, account_no: str, now: datetime) -> Refusal | None:
    limits = await binding_limits(now)
    counted = await fetch_one(
        "SELECT (SELECT count(*) FROM binding_try"
        "  WHERE openid = $1 AND tried_at > $3 AND NOT succeeded) AS by_openid,"
        " (SELECT count(*) FROM binding_try"
        "  WHERE account_no = $2 AND tried_at > $4 AND NOT succeeded) AS on_account,"
        " (SELECT count(*) FROM wechat_link"
        "  WHERE openid = $1 AND unbound_at IS NULL) AS accounts",
        openid,
        account_no,
        now - HOUR,
        now - DAY,
    )
    assert counted is not None, "three counts are always one row"
    if counted["by_openid"] >= limits.per_openid or counted["on_account"] >= limits.per_account:
        return TooManyTries()
    return (
        TooManyAccounts(limit=limits.accounts) if counted["accounts"] >= limits.accounts else None
    )


async def _proven_account(account_no: str, command: BindWechat) -> Record | None:
    """The account that all three proofs name, else None after the same work in every case."""
    row = await fetch_one(
        "SELECT a.id, a.account_no, a.name, coalesce(m.meter_no, '') AS meter_no"
        " FROM (SELECT $1::text AS wanted) w"
        " LEFT JOIN service_account a ON a.account_no = w.wanted AND a.state = $3"
        " LEFT JOIN (meter m JOIN metering_point p ON p.id = m.point)"
        "  ON m.meter_no = $2 AND p.account = a.id AND m.removed_on IS NULL",
        account_no,
        proof_of(command.meter_no),
        AccountState.ACTIVE.value,
    )
    assert row is not None, "the left side of the join is one row"
    stored = (row["account_no"] or "-", row["name"] or "-", row["meter_no"] or "-")
    typed = (command.account_no, command.name, command.meter_no)
    fits = proofs_fit(list(zip(typed, stored, strict=True)))
    return row if fits and row["id"] is not None else None


async def _add_link(openid: str, account_id: UUID, now: datetime) -> bool:
    """Whether the link is new; the first link of a user is the default."""
    return bool(
        await execute(
            "INSERT INTO wechat_link (id, openid, account, trust, is_default, bound_at)"
            " SELECT $1, $2::varchar, $3, $4::varchar, NOT EXISTS (SELECT 1 FROM wechat_link"
            "  WHERE openid = $2 AND unbound_at IS NULL), $5"
            " ON CONFLICT (openid, account) WHERE unbound_at IS NULL DO NOTHING",
            new_id(),
            openid,
            account_id,
            LinkTrust.PAY_AND_REPORT.value,
            now,
        )
    )


async def unbind_wechat(actor: CustomerActor, account_no: str) -> None:
    """End a link; the newest one left becomes the default. Raises NotFound when not bound."""
    now = await business_now()
    async with transaction():
        await execute(_OPENID_LOCK, actor.openid)
        ended = await execute(
            "UPDATE wechat_link l SET unbound_at = $3, is_default = false FROM service_account a"
            " WHERE a.id = l.account AND a.account_no = $2 AND l.openid = $1"
            " AND l.unbound_at IS NULL",
            actor.openid,
            proof_of(account_no),
            now,
        )
        if not ended:
            raise NotFound("没有绑定这个户号")
        await execute(
            "UPDATE wechat_link SET is_default = true WHERE id = ("
            " SELECT id FROM wechat_link WHERE openid = $1 AND unbound_at IS NULL"
            " ORDER BY is_default DESC, bound_at DESC, id DESC LIMIT 1)",
            actor.openid,
        )
        await audit.record("customers.unbound", _subject(actor.openid), account_no=account_no[:20])


async def set_default(actor: CustomerActor, account_no: str) -> None:
    """Make one bound account the one meant when none is named. Raises NotFound when not bound."""
    async with transaction():
        await execute(_OPENID_LOCK, actor.openid)
        link = await fetch_one(
            "SELECT l.id FROM wechat_link l JOIN service_account a ON a.id = l.account"
            " WHERE l.openid = $1 AND a.account_no = $2 AND l.unbound_at IS NULL",
            actor.openid,
            proof_of(account_no),
        )
        if link is None:
            raise NotFound("没有绑定这个户号")
        await execute(
            "UPDATE wechat_link SET is_default = false"
            " WHERE openid = $1 AND unbound_at IS NULL AND is_default AND id <> $2",
            actor.openid,
            link["id"],
        )
        await execute("UPDATE wechat_link SET is_default = true WHERE id = $1", link["id"])


async def links_of(openid: str) -> list[LinkView]:
    """The accounts a WeChat user is bound to, the default first, then the newest."""
    rows = await fetch(
        "SELECT a.account_no, a.name, a.address, l.trust, l.is_default, l.bound_at"
        " FROM wechat_link l JOIN service_account a ON a.id = l.account"
        " WHERE l.openid = $1 AND l.unbound_at IS NULL"
        " ORDER BY l.is_default DESC, l.bound_at DESC, l.id DESC LIMIT $2",
        openid,
        LINKS_MAX,
    )
    return [LinkView(**{**dict(row), "trust": LinkTrust(row["trust"])}) for row in rows]


async def account_for_link(openid: str, account_no: str | None = None) -> LinkedAccount | None:
    """The bound account of that number, or the default one; None when the user is not bound to it.

    Whoever is not bound gets None for every number, whether the account exists or not (P1).
    """
    row = await fetch_one(
        "SELECT a.id AS account_id, a.account_no, a.name, a.phone, a.address, a.station, a.grid,"
        " a.district, a.place_class, a.lat, a.lon, l.trust"
        " FROM wechat_link l JOIN service_account a ON a.id = l.account"
        " WHERE l.openid = $1 AND l.unbound_at IS NULL AND a.state = $3"
        " AND CASE WHEN $2::text IS NULL THEN l.is_default ELSE a.account_no = $2 END",
        openid,
        None if account_no is None else proof_of(account_no),
        AccountState.ACTIVE.value,
    )
    if row is None:
        return None
    return LinkedAccount(
        account_id=row["account_id"],
        account_no=row["account_no"],
        name=row["name"],
        phone=row["phone"],
        address=row["address"],
        station_id=row["station"],
        grid_id=row["grid"],
        district_id=row["district"],
        place_class=PlaceClass(row["place_class"]),
        place=Place(row["lat"], row["lon"]),
        trust=LinkTrust(row["trust"]),
    )


async def follow(openid: str) -> None:
    """Somebody follows the official account (again)."""
    await execute(
        "INSERT INTO wechat_follower (openid, followed_at, last_seen_at) VALUES ($1, $2, $2)"
        " ON CONFLICT (openid) DO UPDATE SET followed_at = EXCLUDED.followed_at,"
        " unfollowed_at = NULL, last_seen_at = EXCLUDED.last_seen_at",
        openid,
        await business_now(),
    )


async def unfollow(openid: str) -> None:
    """Somebody left: nothing can be sent to them; what they are bound to stays for their return."""
    now = await business_now()
    await execute(
        "INSERT INTO wechat_follower (openid, unfollowed_at, last_seen_at) VALUES ($1, $2, $2)"
        " ON CONFLICT (openid) DO UPDATE SET unfollowed_at = EXCLUDED.unfollowed_at",
        openid,
        now,
    )


async def follower_seen(openid: str) -> None:
    """Somebody wrote: they can be answered for a while. Noted at most once a minute."""
    now = await business_now()
    await execute(
        "INSERT INTO wechat_follower (openid, last_seen_at) VALUES ($1, $2)"
        " ON CONFLICT (openid) DO UPDATE SET last_seen_at = EXCLUDED.last_seen_at,"
        " unfollowed_at = NULL WHERE wechat_follower.last_seen_at < $3"
        " OR wechat_follower.unfollowed_at IS NOT NULL",
        openid,
        now,
        now - SEEN_NOTED_EVERY,
    )


def _subject(openid: str) -> str:
    return f"openid:{openid}"
