/* 我的: who I am, what of mine is still to be sent, and a few numbers of my grid. */

import { Refused, Unreachable, read } from "./api.js";
import { asOfLine } from "./today.js";
import { businessNow } from "./limits.js";
import { may, whoAmI } from "./me.js";
import { facts, make } from "./parts.js";
import { allWaiting, progressOf, sendAll } from "./uploads.js";
import { ROLES } from "./matter_words.js";
import { PURPOSES } from "./words.js";

/* The numbers that a grid's people look at first; the others stand in the console. */
const SHOWN = ["visits_made", "solved_in_grid", "callback_satisfied", "rating_average"];
const BEIJING_MONTH = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai", year: "numeric", month: "2-digit" });

export async function mineScreen(place, refresh) {
  const me = whoAmI();
  if (!me) throw new Unreachable("没有网络，或者服务器没有回答");
  const waiting = await allWaiting();
  const numbers = make("section", { class: "card", id: "numbers", hidden: true });
  place.replaceChildren(
    make("section", { class: "card" }, make("h2", {}, me.staff.name), facts([
      ["工号", me.staff.employee_no],
      ["岗位", [...new Set([...me.roles, ...me.grid_roles].map((one) => ROLES[one.role] ?? one.role))].join("、")],
      ["网格", me.staff.grids.join("、")],
      ["供电所", me.staff.station],
      ["班次", me.staff.on_shift ? "当班" : "不当班"],
    ])),
    make("section", { class: "card", id: "outbox" }, make("h2", {}, "还没传完的照片"),
      waiting.length ? make("ul", { class: "plain-list" }, waiting.map((one) => make("li", {}, PURPOSES[one.item.purpose], " ",
        make("a", { href: one.subject.replace("/work-orders/", "#/job/").replace("/tickets/", "#/ticket/") }, "去看"),
        make("span", { class: "quiet line" }, progressOf(one.id).problem ?? "等网络，会自动再传"))))
        : make("p", { class: "quiet" }, "都传完了。"),
      waiting.length ? make("button", { type: "button", onclick: sendAll }, "现在就传") : null),
    numbers);
  if (may("read_indicators") && me.staff.grids.length) showNumbers(numbers, me.staff.grids[0], refresh);
  return async () => null;
}

async function showNumbers(section, grid, refresh) {
  try {
    const period = BEIJING_MONTH.format(businessNow());
    const known = (await read("/indicators")).items;
    const wanted = SHOWN.map((name) => known.find((one) => one.name === name)).filter(Boolean);
    const figures = await Promise.all(wanted.map((one) => read(`/indicators/${one.name}?period=${period}&scope=grid:${encodeURIComponent(grid)}`)));
    section.replaceChildren(make("h2", {}, `网格 ${grid} 本月`),
      figures.length ? asOfLine(figures[0].as_of, refresh) : "",
      facts(wanted.map((one, n) => [one.title, valueOf(one, figures[n])]), "wide"));
    section.hidden = false;
  } catch (error) {
    if (!(error instanceof Refused) && !(error instanceof Unreachable)) throw error;
  }
}

function valueOf(indicator, { value, numerator, denominator, target }) {
  if (value === null) return "本月还没有";
  const of = indicator.measure === "rate" ? `（${numerator}/${denominator}）` : "";
  return `${said(indicator, value)}${of}${target === null ? "" : `，目标 ${said(indicator, target)}`}`;
}

const said = (indicator, value) => (indicator.unit === "share" ? `${(value * 100).toFixed(1)}%` : String(Math.round(value * 10) / 10));
