/* 我来报一件事: a matter of any kind, its further fields drawn from what the server asks. */

import { read } from "./api.js";
import { ask, select } from "./forms.js";
import { make, tell, typed } from "./parts.js";
import { whereAmI } from "./place.js";
import { act } from "./sending.js";
import { COMPLAINTS, OUTAGE_KINDS, TICKET_KINDS } from "./matter_words.js";

let forms = null;

/* What each kind asks; read once. */
export async function readForms() {
  forms ??= await read("/tickets/forms");
  return forms;
}

const TYPES = { line: "line", choice: "choice", date: "date", number: "number" };
const ACCOUNT = { name: "account_no", label: "户号", type: "code", max: 20, help: "有户号，地址和网格就知道了" };
const PLACE = [
  { name: "address", label: "地址", type: "line", max: 200, help: "没有户号时请写清楚：哪个村、哪一家附近" },
  { name: "use_place", label: "就在我现在站的地方", type: "check" },
];
const PERSON = [
  { name: "reporter_name", label: "谁说的", type: "line", max: 60 },
  { name: "phone", label: "联系电话", type: "code", max: 20 },
];

/* The intake; `address` may name an account: `#/report/account/…`. */
export async function reportScreen(place, accountNo = "") {
  const asked = await readForms();
  const form = make("div", { id: "report-form" });
  const known = make("div", { id: "known-outage" });
  const draw = (kind) => form.replaceChildren(kind ? formFor(kind, asked[kind] ?? [], accountNo, known) : "");
  const kinds = select({ id: "report-kind", onchange: (event) => draw(event.target.value) }, TICKET_KINDS, "请选择是什么事");
  place.replaceChildren(make("section", { class: "card narrow" },
    make("label", { for: "report-kind" }, "是什么事"), kinds, known, form));
  return null;
}

function formFor(kind, fields, accountNo, known) {
  const further = fields.map((field) => ({
    name: `form.${field.name}`, label: field.label, required: field.required, max: field.longest,
    type: TYPES[field.type] ?? "line", choices: field.choices,
  }));
  return ask({
    fields: [
      { name: "description", label: "什么情况", required: true },
      ...(kind === "complaint" ? [{ name: "complaint_class", label: "投诉哪一类", type: "choice", required: true, choices: COMPLAINTS }] : []),
      ...(["complaint", "tip_off"].includes(kind) ? [{ name: "about", label: "关于谁（工号，几个人用空格隔开）", type: "line", max: 100 }] : []),
      ...(kind === "tip_off" ? [{ name: "anonymous", label: "不留姓名（系统不保存是谁说的）", type: "check" }] : []),
      ...(kind === "fault" ? [{ name: "danger", label: "有危险（掉线、冒火、有人触电）", type: "check" }] : []),
      { ...ACCOUNT, value: accountNo }, ...PLACE, ...PERSON, ...further,
    ],
    send: "提交", onsend: (values) => take(kind, values, known),
  });
}

/* The command of what was filled in; a place only where it was asked for. */
async function bodyOf(kind, { use_place: isHere, about, ...values }) {
  const body = { description: values.description, channel: "staff" };
  const form = {};
  for (const [name, value] of Object.entries(values)) {
    if (name.startsWith("form.")) form[name.slice(5)] = value;
    else body[name] = value;
  }
  if (isHere) {
    const { lat, lon } = await whereAmI();
    body.place = { lat, lon };
  }
  if (about) body.about = about.split(/[\s,，、]+/).filter(Boolean).slice(0, 5);
  return { body, form };
}

async function take(kind, values, known) {
  let told;
  try {
    told = await bodyOf(kind, values);
  } catch (error) {
    tell(error.message, "warn");
    return;
  }
  const { body, form } = told;
  if (kind === "fault") {
    const fault = Object.keys(form).length ? { ...body, form } : body;
    await report(fault, known, false);
    return;
  }
  const { outcome, answer } = await act("/tickets", { kind, ...body, form }, { label: "报一件事", done: "已受理" });
  if (outcome === "done") arrived(answer, kind === "tip_off");
}

/* A fault is held against the known outages: inside of one nobody is sent, unless one insists. */
export async function report(fault, known, insist) {
  const { outcome, answer } = await act("/outages/report", { fault, insist }, { label: "报修", done: "已受理" });
  if (outcome !== "done") return;
  if (answer.joined) {
    const outage = answer.known;
    known.replaceChildren(make("p", { class: "strip warn", role: "status" },
      `这里正在停电（${OUTAGE_KINDS[outage.kind] ?? ""} ${outage.number}），报修 ${answer.ticket.number} 已并到这次停电里，来电后会通知客户。`),
    outage.public_words ? make("p", {}, typed(outage.public_words)) : "",
    make("a", { class: "button wide", href: `#/outage/${outage.id}` }, "看这次停电"));
    known.scrollIntoView({ block: "start" });
    return;
  }
  arrived(answer.ticket, false);
}

/* The author of a tip-off is sealed, and with it the matter: there is nothing to be shown. */
function arrived(ticket, isSealed) {
  if (isSealed) {
    location.hash = "#/tickets";
    tell(`举报 ${ticket.number} 已受理并封存，只有县公司审计能看`, "good");
  } else location.hash = ticket.work_order_id ? `#/job/${ticket.work_order_id}` : `#/ticket/${ticket.id}`;
}
