"""The door of the staff's phones: JSON under /api/v1, one file per screen."""

from litestar import Router

from mobile_api.blobs import BlobController
from mobile_api.care import HANDLERS as CARE
from mobile_api.corrections import CorrectionController
from mobile_api.customers import CustomerController
from mobile_api.indicators import IndicatorController
from mobile_api.live import live_hints
from mobile_api.on_site import OnSiteController, doubtful_arrivals, safety_alarms
from mobile_api.outages import OutageController
from mobile_api.partners import HandoverController, partner_orders
from mobile_api.pauses import PauseController
from mobile_api.people import PeopleController, dead_letters, replay_dead_letter
from mobile_api.policies import PolicyController
from mobile_api.positions import report
from mobile_api.promises import promises_of_ticket
from mobile_api.sign_in import SessionController
from mobile_api.supervision import SupervisionController
from mobile_api.tickets import (
    TicketController,
    list_callbacks,
    list_ratings,
    list_sealed_lookups,
)
from mobile_api.today import today
from mobile_api.visits import (
    VisitController,
    VisitFormController,
    VisitPlanController,
    visit_checks,
    visit_draws,
)
from mobile_api.work_orders import WorkOrderController


def router() -> Router:
    """Every route of the phone."""
    return Router(
        path="/api/v1",
        route_handlers=[
            SessionController,
            PeopleController,
            today,
            WorkOrderController,
            TicketController,
            list_callbacks,
            list_ratings,
            list_sealed_lookups,
            OnSiteController,
            safety_alarms,
            doubtful_arrivals,
            PauseController,
            CorrectionController,
            PolicyController,
            BlobController,
            CustomerController,
            *CARE,
            VisitPlanController,
            VisitController,
            VisitFormController,
            visit_checks,
            visit_draws,
            OutageController,
            promises_of_ticket,
            IndicatorController,
            SupervisionController,
            HandoverController,
            partner_orders,
            report,
            live_hints,
            dead_letters,
            replay_dead_letter,
        ],
    )


__all__ = ["router"]
