"""What is stored of customers. Places are WGS-84."""

from piccolo.columns import Numeric
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grid.customers.types import AccountState, CareEvent, CustomerTagWord, LinkTrust, MeteringSide
from grid.kit.columns import day, key, moment, one_of, real, text, text_key, to, whole, yes_no
from grid.kit.database import DB
from grid.territory.tables import ServiceGrid, Staff, SupplyStation, TransformerDistrict, Village
from grid.territory.types import PlaceClass


class ServiceAccount(Table, db=DB):
    """用电户: a contract for supply at one address."""

    id = key()
    account_no = text(20, unique=True)
    name = text(60)
    name_initials = text(60)
    phone = text(20, null=True)
    address = text(200)
    station = to(SupplyStation)
    grid = to(ServiceGrid)
    district = to(TransformerDistrict)
    village = to(Village, null=True)
    place_class = text(10)
    lat = real()
    lon = real()
    fee_control = yes_no()
    state = text(10)
    opened_on = day()
    version = whole()
    updated_at = moment()

    service_account_place_class = one_of("place_class", PlaceClass)
    service_account_state = one_of("state", AccountState)
    service_account_place = Check("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180")


class MeteringPoint(Table, db=DB):
    """计量点: where an account is measured, and by which multiplier."""

    id = key()
    point_no = text(20, unique=True)
    account = to(ServiceAccount)
    side = text(4)
    multiplier = Numeric(digits=(9, 3), default=None, null=False)

    metering_point_side = one_of("side", MeteringSide)
    metering_point_multiplier = Check("multiplier > 0")


class Meter(Table, db=DB):
    """电能表: at one metering point from a day until it was removed."""

    id = key()
    meter_no = text(20, unique=True)
    point = to(MeteringPoint)
    installed_on = day()
    removed_on = day(null=True)

    meter_dates = Check("removed_on IS NULL OR removed_on >= installed_on")


class CustomerTag(Table, db=DB):
    """Who somebody is, with dates and where we know it from; `owner` looks after them.

    `contact_*`: whom to reach beside the customer. `mind`: what to mind at the door. `consent`:
    whether the customer agreed to be kept on file; null where nobody had to ask.
    """

    id = key()
    account = to(ServiceAccount)
    tag = text(20)
    from_day = day()
    until_day = day(null=True)
    source = text(100)
    owner = to(Staff, null=True)
    reason = text(200, null=True)
    contact_name = text(60, null=True)
    contact_phone = text(20, null=True)
    mind = text(200, null=True)
    consent = yes_no(null=True)

    customer_tag_once = Unique([account, tag, from_day])
    customer_tag_words = one_of("tag", CustomerTagWord)


class CustomerTagStep(Table, db=DB):
    """One step in the life of a tag: set, extended or ended, by whom and why. Append-only."""

    id = key()
    customer_tag = to(CustomerTag)
    event = text(10)
    until_day = day(null=True)
    reason = text(200)
    actor = text(80)
    at = moment()

    customer_tag_step_event = one_of("event", CareEvent)


class WechatFollower(Table, db=DB):
    """Somebody who follows the official account."""

    openid = text_key(64)
    followed_at = moment(null=True)
    unfollowed_at = moment(null=True)
    last_seen_at = moment()


class WechatLink(Table, db=DB):
    """Somebody in WeChat acts for an account; unbound links stay as history."""

    id = key()
    openid = text(64, index=True)
    account = to(ServiceAccount)
    trust = text(20)
    is_default = yes_no()
    bound_at = moment()
    unbound_at = moment(null=True)

    wechat_link_trust = one_of("trust", LinkTrust)


class BindingTry(Table, db=DB):
    """A try to bind, for the limits per openid and hour, and per account and day."""

    id = key()
    openid = text(64)
    account_no = text(20)
    succeeded = yes_no()
    tried_at = moment()


TABLES = (
    ServiceAccount,
    MeteringPoint,
    Meter,
    CustomerTag,
    CustomerTagStep,
    WechatFollower,
    WechatLink,
    BindingTry,
)
