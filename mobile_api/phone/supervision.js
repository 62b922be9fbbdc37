/* 督办: what somebody has to answer for, and the answer; 回访: whom to call, and what they said. */

import { read } from "./api.js";
import { ask, panelFor } from "./forms.js";
import { businessNow, countdownTo } from "./limits.js";
import { listScreen } from "./lists.js";
import { facts, make, phoneOf, tag, timeOf, typed } from "./parts.js";
import { act } from "./sending.js";
import { CALLBACK } from "./ticket.js";
import { matterTabs } from "./tickets.js";
import { CAUSES, LEVELS, ORDER_STATES, SUPERVISION_EVENTS, TICKET_KINDS } from "./matter_words.js";
import { TARGETS } from "./words.js";

const ASKS = {
  answer: { title: "怎么回复？", phrases: ["已联系处理人，今天办结", "现场条件差，已加派人手", "已上门核实并处理"] },
  close: { title: "办结意见", phrases: ["情况属实，同意办结"] },
  reject: { title: "为什么退回？", phrases: ["没有说清原因", "问题还没有解决"] },
  comment: { title: "备注", phrases: [] },
};

export const supervisionScreen = (place) => listScreen(place, matterTabs(), null, "/supervision-orders?mine=true", orderCard,
  { id: "orders", empty: "没有等您回复的督办。" });

const orderCard = (order) => make("a", { class: `job ${order.is_late ? "danger" : "urgent"}`, href: `#/order/${order.id}`, "data-order": order.id },
  make("span", { class: "row" }, tag(CAUSES[order.cause] ?? order.cause, order.cause === "sos" ? "danger" : "urgent"),
    tag(LEVELS[order.level], "watch"), tag(ORDER_STATES[order.state], "state")),
  order.state === "open" ? make("span", { class: "row" }, countdownTo(order.answer_due_at, "该回复了")) : null,
  make("strong", { class: "cut what" }, typed(order.words)),
  make("span", { class: "quiet row" }, make("span", {}, order.number),
    make("span", {}, order.work_order_number ?? order.ticket_number ?? ""), make("span", {}, order.grid ?? "")));

export async function orderScreen(place, id, refresh) {
  const path = `/supervision-orders/${encodeURIComponent(id)}`;
  let order = await read(path);
  const buttons = make("div", { class: "steps" });
  const panel = panelFor(buttons);
  const top = make("section", { class: "card" });
  const history = make("section", { class: "card" });
  const step = async (verb, fields) => {
    const { outcome } = await act(`${path}/${verb}`, { version: order.version, ...fields },
      { label: SUPERVISION_EVENTS[verb], done: `已${SUPERVISION_EVENTS[verb]}` });
    if (outcome === "done") panel.close();
    if (outcome !== "unreachable" && outcome !== "waiting") await refresh();
  };
  const open = (verb) => panel.open(ask({ title: ASKS[verb].title, send: `提交：${SUPERVISION_EVENTS[verb]}`,
    fields: [{ name: "words", label: "说明", required: true, phrases: ASKS[verb].phrases }],
    onsend: (fields) => step(verb, fields), onclose: panel.close }));
  const show = () => {
    shell.dataset.state = order.state;
    top.replaceChildren(
      make("p", { class: "row" }, tag(CAUSES[order.cause] ?? order.cause, "urgent"), tag(LEVELS[order.level], "watch"),
        tag(ORDER_STATES[order.state], "state"), make("span", { class: "quiet" }, order.number)),
      make("h2", { class: "what" }, typed(order.words)),
      order.state === "open" ? make("p", {}, countdownTo(order.answer_due_at, "该回复了")) : "",
      facts([
        ["工单", order.work_order_id && make("a", { href: `#/job/${order.work_order_id}` }, order.work_order_number)],
        ["事项", order.ticket_id && make("a", { href: `#/ticket/${order.ticket_id}` }, order.ticket_number)],
        ["哪一步", TARGETS[order.target]],
        ["期限", order.due_at && timeOf(order.due_at, businessNow())],
        ["经办人", order.offender_name],
        ["谁来回复", order.asked.join("、")],
        ["回复", order.answer && [typed(order.answer), make("span", { class: "quiet line" }, order.answered_by_name ?? "")]],
      ]));
    const verbs = ["answer", "close", "reject", "comment"].filter((verb) => order.allowed.includes(verb));
    buttons.replaceChildren(make("h2", {}, verbs.length ? "下一步" : ORDER_STATES[order.state]),
      ...verbs.slice(0, 1).map((verb) => button(verb, "primary")),
      make("div", { class: "two" }, verbs.slice(1).map((verb) => button(verb))));
    history.replaceChildren(make("h2", {}, "经过"), make("ol", { id: "history" },
      [...order.history].reverse().map((one) => make("li", { "data-event": one.event },
        make("strong", {}, SUPERVISION_EVENTS[one.event] ?? one.event), " ", typed(one.actor_name ?? "系统"),
        make("span", { class: "quiet line" }, `${timeOf(one.at, businessNow())} · ${LEVELS[one.to_level]}`),
        one.words ? make("span", { class: "said" }, typed(one.words)) : null))));
  };
  const button = (verb, look = "") => make("button", { type: "button", class: look, "data-verb": verb,
    onclick: () => open(verb) }, `${SUPERVISION_EVENTS[verb]}…`);
  const shell = make("article", { id: "order", "data-id": order.id }, top,
    make("section", { class: "card first" }, buttons, panel.node), history);
  show();
  place.replaceChildren(shell);
  return async () => {
    const before = order.version;
    order = await read(path);
    if (order.version !== before) show();
    return order.version !== before;
  };
}

/* 回访 */
export function callbacksScreen(place, refresh) {
  return listScreen(place, matterTabs(), null, "/callbacks", (item) => callbackCard(item, refresh),
    { id: "callbacks", empty: "没有要回访的客户。" });
}

function callbackCard(item, refresh) {
  const buttons = make("div");
  const panel = panelFor(buttons);
  const send = async (fields) => {
    const { outcome } = await act(`/tickets/${item.ticket_id}/callback`, { version: item.version, ...fields },
      { label: "回访", done: "回访已登记", isTimed: true });
    if (outcome === "done") panel.close();
    if (outcome !== "unreachable" && outcome !== "waiting") await refresh();
  };
  buttons.append(item.mine_to_call
    ? make("button", { type: "button", class: "callback", onclick: () => panel.open(ask({
      title: "回访结果", fields: CALLBACK, send: "登记回访", onsend: send, onclose: panel.close,
    })) }, "登记回访结果…")
    : make("p", { class: "quiet" }, "这件事是您经办的，要由别人回访。"));
  return make("div", { class: `job ${item.late ? "danger" : ""}`, "data-callback": item.ticket_id },
    make("span", { class: "row" }, tag(TICKET_KINDS[item.kind] ?? item.kind, "watch"), item.tries ? tag(`打过 ${item.tries} 次`) : null,
      item.asked_in_wechat ? tag("微信也问过") : null),
    item.due_at ? make("span", { class: "row" }, countdownTo(item.due_at, "该回访了")) : null,
    make("strong", {}, typed(item.customer_name ?? "未登记客户")), phoneOf(item.phone),
    item.answer ? make("span", { class: "said" }, typed(item.answer)) : null,
    make("a", { href: `#/ticket/${item.ticket_id}` }, `看 ${item.ticket_number}`), buttons, panel.node);
}
