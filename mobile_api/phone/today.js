/* 今天: my open jobs as the server sorts them, danger first and then by the next limit. */

import { read } from "./api.js";
import { limitOf, nextClock, setBusinessTime } from "./limits.js";
import { make, tag, timeWithSeconds, typed } from "./parts.js";
import { PRIORITIES, STATES } from "./words.js";

const drawn = new WeakMap(); // place -> the jobs that stand there
let known = null; // the last answer, to be shown where there is no network

/* Reads the worklist; keeps the business clock right. Throws Unreachable or Refused. */
export async function readToday() {
  const today = await read("/today");
  setBusinessTime(today.as_of);
  known = today;
  return today;
}

export const asOfLine = (asOf, refresh) => make("p", { class: "as-of" },
  make("span", {}, "数据截至 ", make("time", { id: "as-of", datetime: asOf }, timeWithSeconds(asOf))),
  make("button", { type: "button", id: "refresh", onclick: refresh }, "刷新"));

export function showAsOf(place, asOf) {
  const shown = place.querySelector("#as-of");
  shown.dateTime = asOf;
  shown.textContent = timeWithSeconds(asOf);
}

/* Reads and shows. What is the same is not drawn again: a tap must not miss its card. */
export async function todayScreen(place, refresh) {
  const today = await readToday();
  if (drawn.get(place) === JSON.stringify(today.items)) showAsOf(place, today.as_of);
  else showKnown(place, refresh);
}

export const forgetToday = () => { known = null; };

/* The list as it was read last; false when it was not read yet. */
export function showKnown(place, refresh) {
  if (!known) return false;
  const today = known;
  drawn.set(place, JSON.stringify(today.items));
  const danger = today.items.filter((job) => job.priority === "danger").length;
  place.replaceChildren(
    asOfLine(today.as_of, refresh),
    make("p", { class: "count" }, `手上 ${today.items.length} 个工单`,
      danger ? tag(`危险 ${danger}`, "danger") : null),
    today.items.length
      ? make("ul", { class: "cards", id: "jobs" }, today.items.map(card))
      : make("p", { class: "empty", id: "no-jobs" }, "现在没有派给您的工单。有新工单时这里会自动出现。"),
  );
  return true;
}

function card(job) {
  const clock = nextClock(job);
  return make("li", {}, make("a", {
    class: `job ${job.priority}`, href: `#/job/${job.id}`,
    "data-id": job.id, "data-state": job.state, "data-priority": job.priority,
  },
  make("span", { class: "row" },
    job.priority === "normal" ? null : tag(PRIORITIES[job.priority] ?? job.priority, job.priority),
    tag(STATES[job.state] ?? job.state, "state"),
    job.supervised ? tag("督办", "watch") : null),
  clock ? make("span", { class: "row" }, limitOf(clock, job.state)) : null,
  make("strong", { class: "cut what" }, typed(job.description)),
  make("span", { class: "where" }, typed(job.address ?? "地址不详")),
  make("span", { class: "quiet row" },
    make("span", {}, typed(job.customer_name ?? "未登记客户")), make("span", {}, job.number))));
}
