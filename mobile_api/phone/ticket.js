/* One matter: what was told, its clocks, the steps that are allowed now, its photos and history. */

import { read } from "./api.js";
import { evidenceOf } from "./evidence.js";
import { ask, panelFor } from "./forms.js";
import { readForms } from "./intake.js";
import { businessNow, limitOf, nextClock } from "./limits.js";
import { may } from "./me.js";
import { facts, make, phoneOf, tag, timeOf, typed } from "./parts.js";
import { act } from "./sending.js";
import { pauseLine } from "./times.js";
import { CHANNELS, COMPLAINTS, OUTCOMES, TICKET_EVENTS, TICKET_KINDS, TICKET_STATES } from "./matter_words.js";
import { OTHERS } from "./words.js";

/* The order of the buttons: the first that is allowed is the next step. */
const NEXT = ["take", "contact", "handle", "reply", "callback", "archive"];
const FURTHER = ["comment", "urge", "return", "reopen", "cancel"];

const words = (label, phrases) => ({ name: "words", label, required: true, phrases });
const reason = (label, phrases) => ({ name: "reason", label, required: true, phrases });
/* The fields of the outcome of a call; also used by the list of callbacks. */
export const CALLBACK = [
  { name: "outcome", label: "客户怎么说", type: "choice", required: true, choices: OUTCOMES },
  { name: "words", label: "客户的话", phrases: ["已经来电了", "服务很好", "还没有修好"] },
];
const FORMS = {
  contact: [words("和客户说了什么？", ["已电话联系，约好时间", "已说明办理流程"])],
  handle: [words("怎么处理的？", ["已上门核实", "已办理完毕"])],
  reply: [words("答复客户的话（客户会看到）", ["您反映的问题已办好，感谢您的监督"])],
  callback: CALLBACK,
  comment: [words("备注", ["已电话联系客户"])],
  return: [reason("为什么退回？", ["不归我办", "需要别的部门办"])],
  reopen: [reason("为什么重新打开？", ["客户说没有解决"])],
  cancel: [reason("为什么取消？", ["重复受理"])],
};

export async function ticketScreen(place, id, refresh) {
  let ticket, pauses, asked = [];
  const path = `/tickets/${encodeURIComponent(id)}`;
  const pull = async () => {
    const [told, stopped] = await Promise.all([read(path), read(`${path}/pauses`)]);
    [ticket, pauses] = [told, stopped.items];
  };
  await pull();
  if (Object.keys(ticket.form).length) asked = (await readForms())[ticket.kind] ?? [];
  const top = make("div");
  const buttons = make("div", { class: "steps" });
  const panel = panelFor(buttons);
  const about = make("section", { class: "card" });
  const clocks = make("section", { class: "card" });
  const history = make("section", { class: "card" });
  const evidence = evidenceOf(path, { mayAttach: may("attach_evidence") && !ticket.closed_at, changed: refresh });
  const step = async (verb, fields) => {
    const { outcome } = await act(`${path}/${verb}`, { version: ticket.version, ...fields },
      { label: TICKET_EVENTS[verb], done: `已登记：${TICKET_EVENTS[verb]}`, isTimed: true });
    if (outcome === "done") panel.close();
    if (outcome !== "unreachable" && outcome !== "waiting") await refresh();
  };
  const tap = (verb) => (FORMS[verb] ? panel.open(ask({
    title: TICKET_EVENTS[verb], fields: FORMS[verb], send: `提交：${TICKET_EVENTS[verb]}`,
    onsend: (fields) => step(verb, fields), onclose: panel.close,
  })) : step(verb, {}));
  const button = (verb, look = "") => make("button", { type: "button", class: look, "data-verb": verb,
    onclick: () => tap(verb) }, TICKET_EVENTS[verb] + (FORMS[verb] ? "…" : ""));
  const show = () => {
    shell.dataset.state = ticket.state;
    top.replaceChildren(...heading(ticket));
    const next = NEXT.filter((verb) => ticket.allowed.includes(verb));
    const further = [...next.slice(1), ...FURTHER.filter((verb) => ticket.allowed.includes(verb))];
    buttons.replaceChildren(make("h2", {}, next.length ? "下一步" : `现在：${TICKET_STATES[ticket.state]}`),
      ...next.slice(0, 1).map((verb) => button(verb, "primary")),
      make("div", { class: "two" }, further.map((verb) => button(verb))),
      ticket.work_order_id ? make("a", { class: "button wide", href: `#/job/${ticket.work_order_id}` }, `看工单 ${ticket.work_order_number}`) : "");
    about.replaceChildren(make("h2", {}, "客户和事情"), aboutOf(ticket, asked));
    clocks.replaceChildren(make("h2", {}, "时限"),
      make("ul", { class: "clocks" }, ticket.clocks.map((clock) => make("li", {}, limitOf(clock, ticket.state),
        make("span", { class: "quiet" }, `限 ${timeOf(clock.due_at, businessNow())} 前`)))),
      make("ul", { class: "plain-list" }, pauses.map(pauseLine)));
    history.replaceChildren(make("h2", {}, "经过"), historyOf(ticket));
    evidence.show(null);
  };
  const shell = make("article", { id: "ticket", "data-id": ticket.id, class: `whole ${ticket.danger ? "danger" : ""}` },
    top, make("div", { class: "columns" }, make("div", {}, about, clocks),
      make("div", {}, make("section", { class: "card first" }, buttons, panel.node), evidence.node, history)));
  show();
  place.replaceChildren(shell);
  return async () => {
    const before = JSON.stringify([ticket, pauses]);
    const { version } = ticket;
    await pull();
    if (JSON.stringify([ticket, pauses]) !== before) show();
    return ticket.version !== version;
  };
}

function heading(ticket) {
  const next = nextClock(ticket);
  return [
    make("p", { class: "row" }, ticket.danger ? tag("危险", "danger") : null,
      tag(TICKET_KINDS[ticket.kind] ?? ticket.kind, "watch"), tag(TICKET_STATES[ticket.state], "state"),
      make("span", { class: "quiet", id: "number" }, ticket.number)),
    make("h2", { class: "what" }, typed(ticket.description)),
    make("p", { class: "where" }, typed(ticket.address ?? "地址不详")),
    next ? make("p", {}, limitOf(next, ticket.state)) : "",
  ];
}

function aboutOf(ticket, asked) {
  return facts([
    ["客户", ticket.customer_name],
    ["电话", ticket.sealed ? "已封存" : phoneOf(ticket.phone)],
    ["户号", ticket.account_no && make("a", { href: `#/customer/${encodeURIComponent(ticket.account_no)}` }, ticket.account_no)],
    ["类别", COMPLAINTS[ticket.complaint_class]],
    ...asked.map((field) => [field.label, field.choices[ticket.form[field.name]] ?? ticket.form[field.name]]),
    ["来自", CHANNELS[ticket.channel]],
    ["受理", timeOf(ticket.reported_at, businessNow())],
    ["网格", [ticket.grid, ticket.station].filter(Boolean).join(" · ")],
    ["经办人", ticket.handler && `${ticket.handler.name}（${ticket.handler.employee_no}）`],
    ["催办", ticket.urges ? `${ticket.urges} 次` : null],
    ["答复", ticket.answer],
    ["回访", OUTCOMES[ticket.callback]],
    ["评分", ticket.stars && `${ticket.stars} 星`],
  ]);
}

const historyOf = (ticket) => make("ol", { id: "history" }, [...ticket.history].reverse().map((step) => make("li", { "data-event": step.event },
  make("strong", {}, TICKET_EVENTS[step.event] ?? step.event), " ",
  typed(step.actor_name ?? OTHERS[step.actor] ?? step.actor),
  make("span", { class: "quiet line" }, timeOf(step.at, businessNow())),
  step.reason ? make("span", { class: "said" }, typed(step.reason)) : null)));
