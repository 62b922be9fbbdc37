/* 时限: the clocks of a job, its pauses, and putting a recorded time right with a second person. */

import { Refused, Unreachable, read } from "./api.js";
import { ask, panelFor, stampOf } from "./forms.js";
import { businessNow, limitOf } from "./limits.js";
import { may } from "./me.js";
import { make, tag, timeOf, typed } from "./parts.js";
import { act } from "./sending.js";
import { CORRECTED, PAUSES, PAUSE_STATES } from "./words.js";

const MOMENTS = ["arrived_at", "restored_at", "completed_at"];
const STEPS = { accepted_at: "accept", departed_at: "depart" };

/* {node, show} for the job that `current` gives. */
export function timesOf(current, refresh) {
  const clocks = make("ul", { class: "clocks" });
  const pauses = make("ul", { class: "plain-list", id: "pauses" });
  const buttons = make("div");
  const panel = panelFor(buttons);
  const node = make("section", { class: "card" }, make("h2", {}, "时限"), clocks, pauses, buttons, panel.node);
  let seen = null;

  const propose = async (fields) => {
    const { outcome } = await act(`/work-orders/${encodeURIComponent(current().id)}/corrections`, fields,
      { label: "更正时间", done: "已提出更正，等另一个人批准" });
    if (outcome === "done") panel.close();
    if (outcome !== "unreachable" && outcome !== "waiting") await refresh(null);
  };
  const correct = () => {
    const known = momentsOf(current());
    const [first] = Object.values(known);
    panel.open(ask({ title: "哪个时间记错了？", fields: [
      { name: "field", label: "哪个时间", type: "choice", required: true,
        choices: Object.fromEntries(Object.entries(known).map(([name, at]) => [name, `${CORRECTED[name]}（现在是 ${timeOf(at, businessNow())}）`])) },
      { name: "new_at", label: "应该是", type: "moment", required: true, value: first ? stampOf(new Date(first)) : "" },
      { name: "reason", label: "为什么", required: true, phrases: ["手机没电，回来补记", "当时没有信号", "按错了"] },
    ], send: "提交更正", onsend: propose, onclose: panel.close }));
  };
  const showPauses = async (job) => {
    try {
      const page = await read(`/work-orders/${encodeURIComponent(job.id)}/pauses`);
      pauses.replaceChildren(...page.items.map(pauseLine));
    } catch (error) {
      if (!(error instanceof Refused) && !(error instanceof Unreachable)) throw error;
    }
  };
  const show = () => {
    const job = current();
    clocks.replaceChildren(...job.clocks.map((clock) => make("li", {}, limitOf(clock, job.state),
      make("span", { class: "quiet" }, `限 ${timeOf(clock.due_at, businessNow())} 前`))));
    if (seen !== job.version) showPauses(job);
    seen = job.version;
    if (panel.isOpen) return;
    const maySay = may("correct_times") && Object.keys(momentsOf(job)).length;
    buttons.replaceChildren(maySay
      ? make("button", { type: "button", id: "correct-time", onclick: correct }, "时间记错了…") : "");
  };
  return { node, show };
}

/* One pause in words. */
export const pauseLine = (pause) => make("li", {}, make("strong", {}, `暂停：${PAUSES[pause.reason] ?? pause.reason}`), " ",
  tag(PAUSE_STATES[pause.state] ?? pause.state, pause.state === "running" ? "watch" : ""),
  make("span", { class: "quiet line" },
    `${timeOf(pause.from_at, businessNow())} 到 ${timeOf(pause.ended_at ?? pause.box_until, businessNow())}`),
  make("span", { class: "said" }, typed(pause.words)),
  pause.decision ? make("span", { class: "said" }, typed(pause.decision)) : null);

/* The recorded moments of a job, by the name under which they are put right. */
function momentsOf(job) {
  const found = {};
  for (const [name, event] of Object.entries(STEPS)) {
    const step = job.history.filter((one) => one.event === event).at(-1);
    if (step) found[name] = step.at;
  }
  for (const name of MOMENTS) if (job[name]) found[name] = job[name];
  return found;
}
