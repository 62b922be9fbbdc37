/* 走访: the card that is shown before the door opens, and the form that is filled in behind it. */

import { newKey, read, write } from "./api.js";
import { facts, make, phoneOf, tag, tell, typed } from "./parts.js";
import { whereAmI } from "./place.js";
import { TAGS } from "./words.js";

const SATISFACTIONS = { satisfied: "满意", neutral: "一般", unsatisfied: "不满意" };
const FINDINGS = {
  fault: "故障或隐患", service_request: "要办业务", opinion: "意见", suggestion: "建议", inquiry: "咨询", praise: "表扬",
};
const AT_THE_DOOR = ["on_site", "in_progress", "on_hold", "completed"];

/* What to mind at a door, drawn when it was read; without a network it says so. */
export function careCard(accountNo) {
  const node = make("section", { class: "card", id: "care-card" }, make("h2", {}, "敲门之前"),
    make("p", { class: "quiet" }, "正在读取…"));
  read(`/customers/${encodeURIComponent(accountNo)}/care-card`)
    .then((card) => node.replaceChildren(...cardParts(card)))
    .catch((error) => node.replaceChildren(make("h2", {}, "敲门之前"), make("p", { class: "quiet" }, error.message)));
  return node;
}

function cardParts(card) {
  return [
    make("h2", {}, "敲门之前 ", card.tags.map((one) => tag(TAGS[one.tag] ?? one.tag, "watch"))),
    ...card.tags.map((one) => make("div", {},
      make("ul", { class: "minds" }, one.mind.map((line) => make("li", {}, typed(line)))),
      facts([
        ["联系人", one.contact_name && [typed(one.contact_name), " ", one.contact_phone ? phoneOf(one.contact_phone) : ""]],
        ["负责人", one.owner && one.owner.name],
      ]))),
    facts([
      ["上次走访", card.last_visit_on ? `${card.last_visit_on} ${card.last_visit_by ?? ""}` : "从未"],
      ["上次满意度", SATISFACTIONS[card.last_satisfaction]],
      ["应走访", card.due_on ? `${card.due_on}${card.is_overdue ? "（已过期）" : ""}` : card.is_overdue ? "尽快" : null],
      ["未办结", `${card.open_matters} 件`],
    ]),
  ];
}

/* {node, show} for a job of a visit: the card, the form once somebody is there, what was told. */
export function visitOf(job, refresh) {
  const node = make("div", { id: "visit" });
  let drawn = null;
  const show = async (now) => {
    const wanted = AT_THE_DOOR.includes(now.state) ? "form" : "card";
    if (drawn === wanted || !now.account_no) return;
    drawn = wanted;
    if (!node.querySelector("#care-card")) node.append(careCard(now.account_no));
    if (wanted === "form") node.append(await formSection({ work_order_id: now.id }, now.account_no, refresh));
  };
  show(job);
  return { node, show };
}

/* The form of a visit without plan; the server opens its job and judges the arrival. */
export async function visitNow(accountNo) {
  return formSection({ account_no: accountNo }, accountNo, (visit) => {
    location.hash = `#/job/${visit.work_order_id}`;
  });
}

async function formSection(about, accountNo, done) {
  const place = make("section", { class: "card", id: "visit-form" }, make("p", { class: "quiet" }, "正在读取走访表…"));
  const draw = async () => {
    const [told, forms, card] = await Promise.all([
      about.work_order_id ? read(`/visits?account_no=${encodeURIComponent(accountNo)}&limit=20`) : { items: [] },
      read("/visit-forms"), read(`/customers/${encodeURIComponent(accountNo)}/care-card`)]);
    const mine = told.items.find((one) => one.work_order_id === about.work_order_id && one.is_newest);
    if (mine) place.replaceChildren(...toldParts(mine));
    else place.replaceChildren(formOf(forms.items.find((one) => one.form === card.form), forms.leaflets, about, async (visit) => {
      await draw();
      done(visit);
    }));
  };
  await draw().catch((error) => place.replaceChildren(make("p", { class: "strip warn" }, error.message)));
  return place;
}

/* What was told already; each finding becomes a ticket in one tap. */
function toldParts(visit) {
  return [
    make("h2", { id: "visit-told" }, "走访已填报"),
    facts([["满意度", SATISFACTIONS[visit.satisfaction]], ["发现", visit.findings.length ? null : "无"]]),
    make("ul", { class: "plain-list" }, visit.findings.map((one) => make("li", { class: "row" },
      tag(FINDINGS[one.kind] ?? one.kind), typed(one.words),
      one.ticket_number ? make("strong", {}, `已转 ${one.ticket_number}`) : ticketButton(visit, one)))),
    make("p", { class: "quiet" }, "附上照片或签名后，完成工单，这次走访才算数。"),
  ];
}

function ticketButton(visit, finding) {
  return make("button", { type: "button", class: "to-ticket", onclick: async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      const ticket = await write(`/visits/${visit.id}/findings/${finding.number}/ticket`, undefined, newKey());
      button.replaceWith(make("strong", {}, `已转 ${ticket.number}`));
    } catch (error) {
      button.disabled = false;
      tell(error.message, "bad");
    }
  } }, "转成工单");
}

function formOf(form, leaflets, about, done) {
  const asked = form.fields.filter((field) => field.type !== "photo").map(fieldOf);
  const given = leaflets.map((one) => check(one.title, one.code));
  const present = make("input", { id: "visit-present", maxlength: 60 });
  const said = make("select", { id: "visit-satisfaction" }, make("option", { value: "" }, "没有问"),
    Object.entries(SATISFACTIONS).map(([value, words]) => make("option", { value }, words)));
  const found = make("div", { id: "visit-findings" });
  const send = make("button", { type: "submit", id: "send-visit", class: "primary" }, "填报走访");
  let last = { body: "", key: "" };
  return make("form", { onsubmit: async (event) => {
    event.preventDefault();
    send.disabled = true;
    try {
      const body = { ...about, form: form.form, form_version: form.version,
        answers: Object.fromEntries(asked.map((one) => [one.key, one.value()]).filter(([, value]) => value !== undefined)),
        leaflets: given.filter((one) => one.box.checked).map((one) => one.value),
        findings: [...found.children].map((row) => ({ kind: row.querySelector("select").value, words: row.querySelector("input").value.trim() })).filter((one) => one.words) };
      if (present.value.trim()) body.present = present.value.trim();
      if (said.value) body.satisfaction = said.value;
      // The same wish has the same key, however often it is sent.
      const text = JSON.stringify(body);
      if (last.body !== text) last = { body: text, key: newKey(), at: new Date().toISOString(), position: await here() };
      const sent = { ...body, occurred_at: last.at, ...(last.position ? { position: last.position } : {}) };
      const visit = await write("/visits", sent, last.key);
      tell("走访已填报", "good");
      await done(visit);
    } catch (error) {
      tell(error.message, "bad");
    } finally {
      send.disabled = false;
    }
  } },
  make("h2", {}, `${form.title} `, make("small", { class: "quiet" }, `第 ${form.version} 版`)),
  asked.map((one) => one.node),
  make("label", { for: "visit-present" }, "谁在家"), present,
  make("label", { for: "visit-satisfaction" }, "对我们满意吗"), said,
  make("fieldset", {}, make("legend", {}, "发了哪些宣传单"), given.map((one) => one.node)),
  make("h2", {}, "发现了什么"), found,
  make("button", { type: "button", id: "add-finding", onclick: () => found.append(findingRow()) }, "加一条"),
  send);
}

const here = () => whereAmI().catch(() => null);

function findingRow() {
  return make("div", { class: "finding" },
    make("select", { "aria-label": "哪一类" }, Object.entries(FINDINGS).map(([value, words]) => make("option", { value }, words))),
    make("input", { maxlength: 500, "aria-label": "说明", placeholder: "一句话说清楚" }));
}

function check(words, value) {
  const box = make("input", { type: "checkbox" });
  return { box, value, node: make("label", { class: "demo" }, box, words) };
}

/* One question: {key, node, value}; an empty answer is undefined. */
function fieldOf(field) {
  const id = `visit-${field.key}`;
  const head = [make("label", { for: id }, field.label, field.required ? "" : make("small", { class: "quiet" }, "（可不填）")),
    field.help ? make("p", { class: "quiet" }, field.help) : null].filter(Boolean);
  const whole = (control, value) => ({ key: field.key, node: make("div", {}, ...head, control), value });
  if (field.type === "multi") {
    const boxes = field.choices.map((choice) => check(choice.words, choice.words));
    const value = () => { const some = boxes.filter((one) => one.box.checked).map((one) => one.value); return some.length ? some : undefined; };
    return { key: field.key, value, node: make("fieldset", { id }, make("legend", {}, field.label), boxes.map((one) => one.node)) };
  }
  if (field.type === "choice" || field.type === "yes_no") {
    const pairs = field.type === "choice" ? field.choices.map((one) => [one.words, one.words]) : [["yes", "是"], ["no", "否"]];
    const control = make("select", { id, required: field.required }, make("option", { value: "" }, "请选择"),
      pairs.map(([value, words]) => make("option", { value }, words)));
    return whole(control, () => (control.value === "" ? undefined : field.type === "choice" ? control.value : control.value === "yes"));
  }
  const isNumber = field.type === "number";
  const control = make("input", { id, required: field.required, maxlength: 500, inputmode: isNumber ? "decimal" : null, type: isNumber ? "number" : "text", step: isNumber ? "any" : null });
  return whole(control, () => (control.value.trim() === "" ? undefined : isNumber ? Number(control.value) : control.value.trim()));
}
