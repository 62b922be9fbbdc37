/* 事项: the tickets I have in hand or may see, with their clocks; and whom to call back. */

import { businessNow, limitOf, nextClock } from "./limits.js";
import { listScreen } from "./lists.js";
import { may } from "./me.js";
import { make, tag, timeOf, typed } from "./parts.js";
import { COMPLAINTS, TICKET_KINDS, TICKET_STATES } from "./matter_words.js";

/* The places inside of 事项, by what one's posts allow. */
export const matterTabs = () => [
  may("handle_tickets") ? ["#/tickets", "我手上的"] : null,
  ["#/tickets/all", "全部"],
  may("supervise_work") ? ["#/supervision", "督办"] : null,
  may("call_back") ? ["#/callbacks", "回访"] : null,
].filter(Boolean);

const report = () => (may("open_ticket")
  ? make("a", { class: "button wide", id: "go-report", href: "#/report" }, "我来报一件事") : null);

export const ticketsScreen = (place, which) => listScreen(place, matterTabs(), report(),
  which === "all" || !may("handle_tickets") ? "/tickets?status=open" : "/tickets?status=open&mine=true", ticketCard,
  { id: "tickets", empty: "现在没有您要办的事。" });

function ticketCard(ticket) {
  const clock = nextClock(ticket);
  return make("a", { class: `job ${ticket.danger ? "danger" : ""}`, href: `#/ticket/${ticket.id}`,
    "data-ticket": ticket.id, "data-state": ticket.state },
  make("span", { class: "row" }, tag(TICKET_KINDS[ticket.kind] ?? ticket.kind, "watch"),
    tag(TICKET_STATES[ticket.state] ?? ticket.state, "state"),
    ticket.complaint_class ? tag(COMPLAINTS[ticket.complaint_class]) : null,
    ticket.urges ? tag(`催办 ${ticket.urges} 次`, "urgent") : null),
  clock ? make("span", { class: "row" }, limitOf(clock, ticket.state)) : null,
  make("strong", { class: "cut what" }, typed(ticket.description)),
  make("span", { class: "where" }, typed(ticket.address ?? "地址不详")),
  make("span", { class: "quiet row" }, make("span", {}, typed(ticket.customer_name ?? "未登记客户")),
    make("span", {}, ticket.number), make("span", {}, timeOf(ticket.reported_at, businessNow()))));
}
