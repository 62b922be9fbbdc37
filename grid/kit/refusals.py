"""One family of exceptions for everything the business refuses, named for the fact."""

import re
from typing import ClassVar


class Refusal(Exception):
    """A refusal that people may read. Subclasses are named for the fact and carry the status.

    `detail` is one sentence in Chinese for the person in front of the screen; `facts` are small
    values (field names, limits, ids) that programs may use. Neither holds personal data.
    """

    status: ClassVar[int] = 409
    title: ClassVar[str] = "不能这样做"
    code: ClassVar[str] = "refusal"

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, detail: str = "", **facts: str | int | float | bool | None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.facts = facts


class Invalid(Refusal):
    """A value breaks a rule; `field` names it."""

    status = 400
    title = "填写的内容不正确"

    def __init__(self, field: str, detail: str, **facts: str | int | float | bool | None) -> None:
        super().__init__(detail, field=field, **facts)
        self.field = field


class NotFound(Refusal):
    """It does not exist, or it is not yours to see: the answer is the same."""

    status = 404
    title = "没有找到"


class NotAllowed(Refusal):
    """You may see it, but your role may not do this."""

    status = 403
    title = "您的岗位不能做这个操作"


class NotSignedIn(Refusal):
    """No valid sign-in comes with the request."""

    status = 401
    title = "请先登录"


class StaleVersion(Refusal):
    """Somebody changed it since you read it; read again and decide again."""

    status = 409
    title = "内容已被别人更新,请刷新后再操作"


class TooMany(Refusal):
    """A limit on how much or how often is reached; the detail names the limit."""

    status = 429
    title = "操作太频繁,请稍后再试"


class TemporarilyUnavailable(Refusal):
    """Something this needs is down; nothing was changed and trying again later is right."""

    status = 503
    title = "系统暂时不可用,请稍后再试"
