/* One job: what, where, who, its clocks, its history. The steps stand in steps.js. */

import { read } from "./api.js";
import { evidenceOf } from "./evidence.js";
import { businessNow, limitOf, nextClock } from "./limits.js";
import { isMe, may } from "./me.js";
import { facts, make, metres, phoneOf, tag, tell, timeOf, timeWithSeconds, typed } from "./parts.js";
import { distanceM, mayAskQuietly, whereAmI } from "./place.js";
import { safetyOf } from "./safety.js";
import { proofOf, stepsOf } from "./steps.js";
import { timesOf } from "./times.js";
import { asOfLine, readToday, showAsOf } from "./today.js";
import { visitOf } from "./visits.js";
import { EVENTS, GRADES, KINDS, OTHERS, PLACES, PRIORITIES, PROOFS, STATES } from "./words.js";

/* Shows a job. The answer re-reads it in place and leaves what is being typed alone. */
export async function jobScreen(place, id, refresh) {
  let today, job, me = null;
  const pull = async () => {
    [today, job] = await Promise.all([readToday(), read(`/work-orders/${encodeURIComponent(id)}`)]);
  };
  await pull();
  const parts = {
    top: make("div"), facts: make("section", { class: "card" }),
    history: make("section", { class: "card" }),
  };
  const steps = stepsOf(() => job, refresh);
  const proof = proofOf(() => job, refresh);
  const safety = safetyOf(() => job, refresh);
  const times = timesOf(() => job, refresh);
  const evidence = evidenceOf(`/work-orders/${encodeURIComponent(id)}`,
    { mayAttach: may("attach_evidence") && !["closed", "cancelled"].includes(job.state), changed: () => refresh(null) });
  const visit = job.kind === "visit" ? visitOf(job, () => refresh(null)) : null;
  const show = () => {
    shell.dataset.state = job.state;
    shell.dataset.version = job.version;
    shell.className = `whole ${job.priority}`;
    parts.top.replaceChildren(asOfLine(today.as_of, refresh), ...heading(job));
    parts.facts.replaceChildren(make("h2", {}, "客户和地点"), factsOf(job), distance());
    times.show();
    parts.history.replaceChildren(make("h2", {}, "经过"), historyOf(job));
    steps.show();
    proof.show(isMe(job.assignee?.id));
    safety.show();
    evidence.show(job.needs);
    visit?.show(job);
  };
  const distance = () => (job.lat === null ? make("p", { class: "quiet" }, "这个工单没有坐标")
    : make("p", { class: "row" },
      me ? make("strong", { id: "distance" }, `离我 ${metres(distanceM(me, job))}`) : null,
      make("button", { type: "button", id: "measure", onclick: measure }, me ? "重新测距" : "离我多远"),
      make("a", { class: "button touch", href: `geo:${job.lat},${job.lon}?q=${job.lat},${job.lon}` }, "打开地图")));
  const measure = async (event) => {
    const button = event?.currentTarget;
    if (button) [button.disabled, button.textContent] = [true, "正在定位…"];
    try {
      me = await whereAmI();
    } catch (error) {
      if (event) tell(error.message, "warn");
    }
    show();
  };
  const shell = make("article", { id: "job", "data-id": job.id },
    parts.top, make("div", { class: "columns" },
      make("div", {}, parts.facts, times.node),
      make("div", {}, steps.node, safety.node, proof.node, visit?.node, evidence.node, parts.history)));
  show();
  place.replaceChildren(shell);
  if (job.lat !== null && await mayAskQuietly()) measure(null);
  return async () => {
    const before = job;
    await pull();
    // What is the same is not drawn again: a tap must not miss its button.
    if (JSON.stringify(job) === JSON.stringify(before)) showAsOf(shell, today.as_of);
    else show();
    return job.version !== before.version;
  };
}

function heading(job) {
  const next = nextClock(job);
  return [
    make("p", { class: "row" },
      job.priority === "normal" ? null : tag(PRIORITIES[job.priority] ?? job.priority, job.priority),
      tag(STATES[job.state] ?? job.state, "state"),
      job.supervised ? tag("督办", "watch") : null,
      job.live_work ? tag("带电作业", "danger") : null,
      make("span", {}, KINDS[job.kind] ?? job.title),
      make("span", { class: "quiet", id: "number" }, job.number)),
    make("h2", { id: "description", class: "what" }, typed(job.description)),
    make("p", { class: "where" }, typed(job.address ?? "地址不详")),
    next ? make("p", {}, limitOf(next, job.state)) : "",
  ];
}

function factsOf(job) {
  return facts([
    ["网格", [job.grid, job.station, PLACES[job.place_class]].filter(Boolean).join(" · ")],
    ["客户", job.customer_name],
    ["电话", phoneOf(job.phone)],
    ["户号", job.account_no && make("a", { href: `#/customer/${encodeURIComponent(job.account_no)}` }, job.account_no)],
    ["报修单", job.ticket_id ? make("a", { href: `#/ticket/${job.ticket_id}` }, job.ticket_number) : null],
    ["报修时间", timeOf(job.reported_at, businessNow())],
    ["处理人", job.assignee && `${job.assignee.name}（${job.assignee.employee_no}）`],
    ["到场核对", GRADES[job.arrival_grade]],
    ["到场证明", PROOFS[job.arrival_proof]],
    ["工作票", job.permit_no],
    ["预约", job.starts_at && `${timeOf(job.starts_at, businessNow())} 以后`],
    ["处理结果", job.resolution],
  ]);
}

/* The latest first: on a small screen that is what one looks for. */
function historyOf(job) {
  return make("ol", { id: "history" }, [...job.history].reverse().map((step) => make("li", { "data-event": step.event },
    make("strong", {}, EVENTS[step.event] ?? step.event), " ",
    make("span", {}, typed(step.actor_name ?? OTHERS[step.actor] ?? step.actor)),
    make("span", { class: "quiet line" }, `服务器 ${timeOf(step.at, businessNow())}:${secondsOf(step.at)}`,
      step.device_at ? ` · 手机 ${timeOf(step.device_at, businessNow())}:${secondsOf(step.device_at)}` : ""),
    step.grade ? make("span", { class: "quiet line" },
      `${GRADES[step.grade] ?? step.grade}${step.distance_m === null ? "" : `，离现场 ${metres(step.distance_m)}`}`) : null,
    step.reason ? make("span", { class: "said" }, typed(step.reason)) : null)));
}

const secondsOf = (moment) => timeWithSeconds(moment).slice(-2);
