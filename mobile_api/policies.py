"""Policies of limits: what is in force with its source, proposed by one, released by another."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from grid.clocks import policy_changes as verbs
from grid.clocks.policy_types import AffectedView, PoliciesView, PolicyView, ProposePolicy
from grid.clocks.types import Target
from grid.kit.idempotency import once
from grid.kit.pages import Page
from grid.kit.refusals import NotFound
from grid.work_orders.times.policy_preview import affected
from mobile_api.parameters import IdempotencyKey, StaffRequest

_VERBS = {"release": verbs.release_policy, "withdraw": verbs.withdraw_policy}


class PolicyController(Controller):
    path = "/policies"
    tags = ("policies",)

    @get()
    async def in_force(self, request: StaffRequest) -> PoliciesView:
        """Every policy in force now, and what waits for release."""
        return await verbs.policies(request.user)

    @get("/history")
    async def history(
        self,
        request: StaffRequest,
        kind: Annotated[str, QueryParameter(max_length=24)],
        target: Annotated[Target, QueryParameter()],
    ) -> Page[PolicyView]:
        """Every policy that a kind and target ever had, the newest first."""
        return Page(items=list(await verbs.policy_history(request.user, kind, target)))

    @post()
    async def propose(
        self,
        request: StaffRequest,
        data: JSONBody[ProposePolicy],
        idempotency_key: IdempotencyKey = None,
    ) -> PolicyView:
        """Draft a policy, to be released by somebody else."""
        return await once(
            request.user.subject,
            idempotency_key,
            "policies.propose",
            data,
            lambda: verbs.propose_policy(request.user, data),
            PolicyView,
        )

    @post("/preview", status_code=200)
    async def preview(self, request: StaffRequest, data: JSONBody[ProposePolicy]) -> AffectedView:
        """How many open matters would have another limit; nothing is stored."""
        return await affected(request.user, data)

    @post("/{policy_id:uuid}/{verb:str}", status_code=200)
    async def decide(
        self,
        request: StaffRequest,
        policy_id: FromPath[UUID],
        verb: FromPath[str],
        idempotency_key: IdempotencyKey = None,
    ) -> PolicyView:
        """release a colleague's proposal, or withdraw one."""
        act = _VERBS.get(verb)
        if act is None:
            raise NotFound("没有这个操作")
        return await once(
            request.user.subject,
            idempotency_key,
            f"policies.{verb}:{policy_id}",
            None,
            lambda: act(request.user, policy_id),
            PolicyView,
        )
