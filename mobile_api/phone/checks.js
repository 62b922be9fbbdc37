/* 检查: visits to be verified, results of visits, the one-to-one list of special care. */

import { read } from "./api.js";
import { evidenceOf } from "./evidence.js";
import { ask, panelFor } from "./forms.js";
import { businessNow } from "./limits.js";
import { listScreen } from "./lists.js";
import { may } from "./me.js";
import { facts, make, metres, phoneOf, tag, timeOf, typed } from "./parts.js";
import { act } from "./sending.js";
import {
  CHECK_METHODS, CHECK_OUTCOMES, CHECK_REASONS, CHECK_STATES, SATISFACTIONS, TICKET_KINDS
} from "./matter_words.js";
import { GRADES, TAGS } from "./words.js";

/* The places inside of 走访, by what one's posts allow. */
export const visitTabs = () => [
  may("verify_visits") ? ["#/checks", "待核实"] : null,
  ["#/customers", "客户"],
  may("read_visits") ? ["#/care", "关爱户"] : null,
  may("read_visits") ? ["#/visits", "走访结果"] : null,
].filter(Boolean);

export const checksScreen = (place) => listScreen(place, visitTabs(), null, "/visit-checks?state=open", checkCard,
  { id: "checks", empty: "没有要核实的走访。" });

const checkCard = (check) => make("a", { class: "job", href: `#/visit/${check.visit_id}`, "data-visit": check.visit_id },
  make("span", { class: "row" }, check.reasons.map((one) => tag(CHECK_REASONS[one] ?? one, one === "random" ? "" : "urgent")),
    tag(CHECK_STATES[check.state], "state")),
  make("strong", {}, typed(check.name)), make("span", { class: "where" }, typed(check.address)),
  make("span", { class: "quiet row" }, make("span", {}, `${check.author} 走访`), make("span", {}, timeOf(check.visited_at, businessNow())),
    make("span", {}, check.grid_name)));

export const visitsScreen = (place) => listScreen(place, visitTabs(), null,
  may("visit") ? "/visits?mine=true" : "/visits", visitCard, { id: "visits", empty: "还没有走访结果。" });

const visitCard = (visit) => make("a", { class: "job", href: `#/visit/${visit.id}`, "data-visit": visit.id },
  make("span", { class: "row" }, tag(GRADES[visit.grade] ?? visit.grade), visit.findings.length ? tag(`发现 ${visit.findings.length} 条`, "urgent") : null,
    visit.checks.map((one) => tag(CHECK_STATES[one] ?? one, "watch")), visit.satisfaction ? tag(SATISFACTIONS[visit.satisfaction]) : null),
  make("strong", {}, typed(visit.name)), make("span", { class: "where" }, typed(visit.address)),
  make("span", { class: "quiet row" }, make("span", {}, visit.author.name), make("span", {}, timeOf(visit.received_at, businessNow()))));

export const careScreen = (place) => listScreen(place, visitTabs(), null, "/care-list", careCard,
  { id: "care", empty: "您的网格里没有关爱户。" });

const careCard = (line) => make("a", { class: `job ${line.is_overdue ? "danger" : ""}`, href: `#/customer/${encodeURIComponent(line.account_no)}`,
  "data-account": line.account_no },
make("span", { class: "row" }, line.tags.map((one) => tag(TAGS[one] ?? one, "watch")), line.is_overdue ? tag("该走访，已过期", "danger") : line.is_due ? tag("该走访了", "urgent") : null),
make("strong", {}, typed(line.name)), make("span", { class: "where" }, typed(line.address)),
make("span", { class: "quiet row" }, make("span", {}, line.last_visit_on ? `上次 ${line.last_visit_on}` : "从未走访"),
  line.due_on ? make("span", {}, `应在 ${line.due_on} 前`) : null, line.owner ? make("span", {}, `负责 ${line.owner}`) : null));

const VERIFY = [
  { name: "method", label: "怎么核实的", type: "choice", required: true, choices: CHECK_METHODS },
  { name: "outcome", label: "结果", type: "choice", required: true, choices: CHECK_OUTCOMES },
  { name: "words", label: "核实情况", required: true, phrases: ["客户确认来过", "客户说没有人来过", "电话没人接", "照片与现场一致"] },
];

/* One result: what was answered and found, its photos, what others found out about it. */
export async function visitScreen(place, id, refresh) {
  const path = `/visits/${encodeURIComponent(id)}`;
  let visit = await read(path);
  const buttons = make("div", { class: "steps" });
  const panel = panelFor(buttons);
  const verify = make("section", { class: "card first" }, buttons, panel.node);
  const about = make("section", { class: "card" });
  const told = make("section", { class: "card" });
  const evidence = evidenceOf(`/work-orders/${visit.work_order_id}`, { mayAttach: false });
  const send = async (fields) => {
    const { outcome } = await act(`${path}/verify`, fields, { label: "核实走访", done: "核实结果已登记" });
    if (outcome === "done") panel.close();
    if (outcome !== "unreachable" && outcome !== "waiting") await refresh();
  };
  const show = () => {
    about.replaceChildren(make("h2", {}, typed(visit.name)), facts([
      ["户号", make("a", { href: `#/customer/${encodeURIComponent(visit.account_no)}` }, visit.account_no)],
      ["电话", phoneOf(visit.phone)],
      ["地址", visit.address],
      ["走访人", visit.author.name],
      ["时间", timeOf(visit.received_at, businessNow())],
      ["停留", visit.minutes === null ? null : `${visit.minutes} 分钟`],
      ["到场核对", `${GRADES[visit.grade] ?? visit.grade}${visit.distance_m === null ? "" : `，离 ${metres(visit.distance_m)}`}`],
      ["谁在家", visit.present],
      ["满意度", SATISFACTIONS[visit.satisfaction]],
      ["更正", visit.revision > 1 ? `第 ${visit.revision} 次填报` : null],
    ]));
    told.replaceChildren(make("h2", {}, "走访内容"),
      facts(visit.answers.map((one) => [one.label, one.answer])),
      make("ul", { class: "plain-list" }, visit.findings.map((one) => make("li", {}, tag(TICKET_KINDS[one.kind] ?? one.kind, "urgent"), " ",
        typed(one.words), one.ticket_id ? make("a", { class: "line", href: `#/ticket/${one.ticket_id}` }, `已转 ${one.ticket_number}`) : null))),
      make("ul", { class: "plain-list", id: "verdicts" }, visit.verdicts.map((one) => make("li", {},
        make("strong", {}, `核实：${CHECK_OUTCOMES[one.outcome]}（${CHECK_METHODS[one.method]}）`),
        make("span", { class: "said" }, typed(one.words)), make("span", { class: "quiet line" }, `${one.by} ${timeOf(one.at, businessNow())}`)))));
    verify.hidden = !visit.may_verify;
    buttons.replaceChildren(make("button", { type: "button", class: "primary", id: "verify",
      onclick: () => panel.open(ask({ title: "核实这次走访", fields: VERIFY, send: "提交核实", onsend: send, onclose: panel.close })) }, "核实…"));
    evidence.show(null);
  };
  place.replaceChildren(make("article", { id: "visit-result", "data-id": visit.id }, verify, about, told, evidence.node));
  show();
  return async () => {
    const before = JSON.stringify(visit);
    visit = await read(path);
    if (JSON.stringify(visit) !== before) show();
  };
}
