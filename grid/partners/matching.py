"""Whether a matter of the province is open here already: same account, phone or place."""

from uuid import UUID

from grid.geography.types import Place
from grid.kit.database import fetch_one
from grid.partners.policies import MergeLimits
from grid.partners.rules import CLASS_OF, KIND_OF
from grid.partners.types import ProvinceOrder
from grid.work_orders.locating import Located
from grid.work_orders.words import TicketKind

#: Metres of one degree of latitude; far apart enough in a county to take it for flat.
_METRES_A_DEGREE = 111_320.0

_NEAR = (
    "(t.address = $11 OR ($5::float8 IS NOT NULL AND t.lat IS NOT NULL"
    " AND sqrt(power((t.lat - $5) * $7, 2) + power((t.lon - $6) * $7 * cosd($5), 2)) <= $8))"
)
_PHONE = "coalesce(t.phone, a.phone)"
_OPEN = (
    "SELECT t.id FROM ticket t LEFT JOIN service_account a ON a.id = t.account"  # noqa: S608 - ours
    " WHERE t.kind = $1 AND t.closed_at IS NULL AND NOT t.sealed"
    " AND t.complaint_class IS NOT DISTINCT FROM $2 AND (t.account = $3"
    " OR (($3::uuid IS NULL OR t.account IS NULL) AND t.reported_at"
    " BETWEEN $9::timestamptz - $10::interval AND $9::timestamptz + $10::interval"
    f" AND ({_PHONE} = $4 OR (($4::varchar IS NULL OR {_PHONE} IS NULL) AND {_NEAR}))))"
    " AND NOT EXISTS (SELECT 1 FROM partner_order o WHERE o.ticket = t.id AND o.outcome = 'taken')"
    " ORDER BY (t.account = $3) DESC NULLS LAST, t.id DESC LIMIT 1"
)


async def same_matter(order: ProvinceOrder, located: Located, limits: MergeLimits) -> UUID | None:
    """The open ticket that an order is about, or None.

    The newest open ticket of the same kind and account. Else one that was told within the window
    from the same phone or, where a phone is not known on both sides, from the same place: two
    neighbours are two customers. A tip-off is never merged; nor is an order with a ticket that
    another order of the province made.
    """
    kind = KIND_OF[order.kind]
    if kind is TicketKind.TIP_OFF:
        return None
    place: Place | None = order.place
    found = await fetch_one(
        _OPEN,
        kind.value,
        None if order.complaint_class is None else CLASS_OF[order.complaint_class].value,
        located.account_id,
        order.phone,
        None if place is None else place.lat,
        None if place is None else place.lon,
        _METRES_A_DEGREE,
        limits.radius_m,
        order.accepted_at,
        limits.window,
        order.address,
    )
    return None if found is None else found["id"]
