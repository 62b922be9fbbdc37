/* 停电: what is known where I work, whom it reaches, and taking a report from inside. */

import { read } from "./api.js";
import { ask, panelFor } from "./forms.js";
import { report } from "./intake.js";
import { businessNow, countdownTo } from "./limits.js";
import { listScreen } from "./lists.js";
import { may } from "./me.js";
import { facts, make, tag, tell, timeOf, typed } from "./parts.js";
import { whereAmI } from "./place.js";
import { OUTAGE_KINDS, OUTAGE_STATES } from "./matter_words.js";

export function outagesScreen(place) {
  const found = make("div", { id: "here" });
  const look = make("button", { type: "button", id: "look-here", onclick: async () => {
    look.disabled = true;
    try {
      const { lat, lon } = await whereAmI();
      const known = await read(`/outages/here?near=${lat},${lon}`);
      found.replaceChildren(known.items.length
        ? make("ul", { class: "cards" }, known.items.map((one) => make("li", {}, card(one))))
        : make("p", { class: "strip good" }, "您站的地方没有已知的停电。"));
    } catch (error) {
      tell(error.message, "warn");
    } finally {
      look.disabled = false;
    }
  } }, "我这里停电了吗");
  const head = make("div", { class: "two" }, look,
    may("open_ticket") ? make("a", { class: "button", href: "#/report" }, "报修") : null);
  return listScreen(place, [], [head, found], "/outages?status=open", card,
    { id: "outages", empty: "您的地盘现在没有停电。" });
}

const card = (outage) => make("a", { class: `job ${["confirmed", "restoring"].includes(outage.state) ? "urgent" : ""}`,
  href: `#/outage/${outage.id}`, "data-outage": outage.id },
make("span", { class: "row" }, tag(OUTAGE_KINDS[outage.kind] ?? outage.kind, "watch"), tag(OUTAGE_STATES[outage.state] ?? outage.state, "state")),
make("strong", { class: "cut what" }, typed(outage.cause ?? outage.public_words ?? "原因还在查")),
make("span", {}, timesOf(outage)),
make("span", { class: "quiet row" }, make("span", {}, outage.number), outage.accounts === undefined ? null : make("span", {}, `${outage.accounts} 户`),
  outage.children ? make("span", {}, `报修 ${outage.children} 件`) : null));

const timesOf = (outage) => [`${timeOf(outage.starts_at, businessNow())} 起`,
  outage.etr ? `，预计 ${timeOf(outage.etr, businessNow())} 来电` : "，来电时间还不知道"].join("");

const REPORT = [
  { name: "account_no", label: "户号", type: "code", max: 20, required: true },
  { name: "description", label: "什么情况", required: true, phrases: ["家里没电", "只有一相有电", "电压低", "听到响声后停电"] },
  { name: "phone", label: "联系电话", type: "code", max: 20 },
  { name: "insist", label: "和这次停电无关，要另派人", type: "check" },
];

export async function outageScreen(place, id) {
  const path = `/outages/${encodeURIComponent(id)}`;
  const known = make("div", { id: "known-outage" });
  const buttons = make("div", { class: "steps" });
  const panel = panelFor(buttons);
  const about = make("section", { class: "card" });
  let outage, counts;
  const pull = async () => { [outage, counts] = await Promise.all([read(path), read(`${path}/affected/counts`)]); };
  await pull();
  const send = ({ insist = false, ...fault }) => report({ channel: "staff", ...fault }, known, insist);
  buttons.append(make("button", { type: "button", class: "primary", id: "report-inside", onclick: () => panel.open(ask({
    title: "有人说没电", fields: REPORT, send: "登记", onsend: send, onclose: panel.close,
  })) }, "这里有人报没电…"));
  const show = () => about.replaceChildren(
    make("p", { class: "row" }, tag(OUTAGE_KINDS[outage.kind], "watch"), tag(OUTAGE_STATES[outage.state], "state"),
      make("span", { class: "quiet" }, outage.number)),
    make("h2", { class: "what" }, typed(outage.cause ?? "原因还在查")),
    outage.etr && !outage.restored_at ? make("p", {}, countdownTo(outage.etr, "预计来电")) : "",
    outage.public_words ? make("p", { class: "said" }, typed(outage.public_words)) : "",
    facts([
      ["时间", timesOf(outage)],
      ["来电", outage.restored_at && timeOf(outage.restored_at, businessNow())],
      ["线路", outage.feeder],
      ["影响", `${counts.accounts} 户，其中要先照顾的 ${counts.first} 户`],
      ["报修", `${counts.children} 件，微信会通知 ${counts.followers} 户`],
      ["台区", outage.districts.slice(0, 12).map((one) => one.name).join("、") + (outage.districts.length > 12 ? ` 等 ${outage.districts.length} 个` : "")],
      ["抢修", outage.jobs.map((one) => one.assignee ?? one.number).join("、")],
    ]));
  place.replaceChildren(make("article", { id: "outage", "data-id": outage.id, "data-state": outage.state }, about, known,
    may("open_ticket") ? make("section", { class: "card first" }, buttons, panel.node) : ""));
  show();
  return async () => {
    await pull();
    show();
  };
}
