/* 走访: visits that wait for me to check, and those in special care, the longest overdue first. */

import { newKey, read, write } from "./api.js";
import { make, phoneOf, tag, tell, timeOf, typed } from "./parts.js";
import { TAGS } from "./words.js";

const REASONS = {
  random: "随机抽查", too_fast: "停留太短", impossible_travel: "路上时间不可能", too_far: "定位离得太远",
  copied_photo: "照片雷同", same_answers: "文字雷同", by_hand: "主动核查",
};
const METHODS = { call: "打了电话", on_site: "上门看了" };
const OUTCOMES = { confirmed: "属实", not_confirmed: "不属实", unreachable: "联系不上" };

export async function roundsScreen(place) {
  const [checks, care] = await Promise.all([
    read("/visit-checks?state=open&limit=50"), read("/care-list?limit=50")]);
  const waiting = checks.items.filter((one) => one.may_verify);
  place.replaceChildren(
    waiting.length ? make("section", { id: "checks" }, make("h2", {}, `等我核查的走访 ${waiting.length} 个`),
      make("ul", { class: "cards" }, waiting.map((one) => make("li", {}, checkCard(one, () => roundsScreen(place)))))) : "",
    make("section", { id: "care-list" }, make("h2", {}, "特殊关爱"),
      care.items.length ? make("ul", { class: "cards" }, care.items.map(careCard))
        : make("p", { class: "empty" }, "没有需要关爱的客户。")));
  return null;
}

function careCard(one) {
  return make("li", {}, make("a", { class: "customer", href: `#/customer/${encodeURIComponent(one.account_no)}` },
    make("span", { class: "row" }, make("strong", {}, typed(one.name)), one.tags.map((word) => tag(TAGS[word] ?? word, "watch")),
      one.is_overdue ? tag("该走访了", "late") : null),
    make("span", { class: "where" }, typed(one.address)),
    make("span", { class: "quiet row" }, make("span", {}, one.last_visit_on ? `上次 ${one.last_visit_on}` : "从未走访"),
      one.planned_on ? make("span", {}, `已排 ${one.planned_on}`) : null)));
}

function checkCard(check, again) {
  const choice = (id, words) => make("select", { id, required: true }, make("option", { value: "" }, "请选择"),
    Object.entries(words).map(([value, said]) => make("option", { value }, said)));
  const [method, outcome] = [choice(`method-${check.id}`, METHODS), choice(`outcome-${check.id}`, OUTCOMES)];
  const words = make("textarea", { id: `words-${check.id}`, rows: 2, maxlength: 500, required: true });
  const send = make("button", { type: "submit", class: "primary" }, "登记核查");
  const key = newKey();
  return make("article", { class: "card check", "data-id": check.id },
    make("p", { class: "row" }, make("strong", {}, typed(check.name)), check.reasons.map((one) => tag(REASONS[one] ?? one, one === "random" ? "" : "urgent"))),
    make("p", { class: "where" }, typed(check.address)),
    make("p", { class: "quiet" }, `${check.author} ${timeOf(check.visited_at, new Date())} 走访`),
    make("p", {}, phoneOf(check.phone)),
    make("details", {}, make("summary", {}, "填写核查"), make("form", { onsubmit: async (event) => {
      event.preventDefault();
      send.disabled = true;
      try {
        await write(`/visits/${check.visit_id}/verify`, { method: method.value, outcome: outcome.value, words: words.value.trim() }, key);
        tell("核查已登记", "good");
        await again();
      } catch (error) {
        send.disabled = false;
        tell(error.message, "bad");
      }
    } },
    make("label", { for: method.id }, "怎么核查的"), method,
    make("label", { for: outcome.id }, "结果"), outcome,
    make("label", { for: words.id }, "客户怎么说"), words, send)));
}
