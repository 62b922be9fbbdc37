"""What is stored of promises."""

from piccolo.constraints import Check
from piccolo.table import Table

from grid.customers.tables import ServiceAccount
from grid.kit.columns import key, moment, one_of, text, to, uuid, yes_no
from grid.kit.database import DB
from grid.notices.types import PromiseSource, PromiseSubject, PromiseWhat, ToldBy


class Promise(Table, db=DB):
    """A time told to a customer; what was told is never changed, only replaced by another row.

    `subject_id` and `ticket_id` name rows of rooms above, so they carry no reference. `whom` is
    `ticket:<id>` or `openid:<openid>`: of each (whom, what, subject) one promise stands at a time.
    `happened_at`: when it came about; `kept` says whether that was in time.
    """

    id = key()
    whom = text(80)
    what = text(10)
    subject = text(12)
    subject_id = uuid(index=True)
    source = text(12)
    channel = text(10)
    ticket_id = uuid(null=True, index=True)
    account = to(ServiceAccount, null=True)
    openid = text(64, null=True)
    promised_at = moment()
    made_at = moment()
    told_at = moment(null=True)
    is_estimate = yes_no()
    replaced_by = uuid(null=True)
    withdrawn_at = moment(null=True)
    kept = yes_no(null=True)
    kept_at = moment(null=True)
    happened_at = moment(null=True)

    promise_what = one_of("what", PromiseWhat)
    promise_subject = one_of("subject", PromiseSubject)
    promise_source = one_of("source", PromiseSource)
    promise_channel = one_of("channel", ToldBy)
    promise_told = Check("NOT is_estimate OR (told_at IS NULL AND kept IS NULL)")


TABLES = (Promise,)
