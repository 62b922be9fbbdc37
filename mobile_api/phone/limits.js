/* The clocks of a job by business time, which in a demo is not the phone's own time. */

import { duration, make } from "./parts.js";
import { TARGETS } from "./words.js";

const SOON_MIN = 15;
const OVER = new Set(["completed", "cannot_complete", "cancelled", "closed"]);

let ahead = 0; // business time minus the phone's clock, in milliseconds

export const setBusinessTime = (asOf) => { ahead = Date.parse(asOf) - Date.now(); };
export const businessNow = () => new Date(Date.now() + ahead);

const minutes = (from, to) => Math.max(0, Math.floor((to - from) / 60_000));

/* {look, words} of one clock: late, soon, fine, kept, missed or ended, a word for each colour. */
export function stand(clock, state, now = businessNow()) {
  const due = Date.parse(clock.due_at);
  if (clock.state === "met") return { look: "kept", words: "按时" };
  if (clock.state === "cancelled") return { look: "ended", words: "已终止" };
  if (clock.state === "paused") return { look: "ended", words: "暂停中" };
  if (clock.stopped_at) {
    return { look: "missed", words: `超时 ${duration(minutes(due, Date.parse(clock.stopped_at)))}` };
  }
  if (OVER.has(state)) return { look: "missed", words: "结束时已超时" };
  if (now > due) return { look: "late", words: `已超时 ${duration(minutes(due, now))}` };
  const left = minutes(now, due);
  if (left <= SOON_MIN) return { look: "soon", words: `快到期，还剩 ${duration(left)}` };
  return { look: "fine", words: `还剩 ${duration(left)}` };
}

/* The earliest clock that nobody has stopped, or null. */
export function nextClock(job) {
  if (OVER.has(job.state)) return null;
  const running = job.clocks.filter((clock) => !clock.stopped_at);
  running.sort((one, other) => Date.parse(one.due_at) - Date.parse(other.due_at));
  return running[0] ?? null;
}

/* A clock as a label that goes on counting by itself. */
export function limitOf(clock, state) {
  const label = make("span", { class: "limit" });
  counting.set(label, { clock, state });
  show(label);
  return label;
}

/* A moment that is waited for, counted down in minutes; `words` stand before it. */
export function countdownTo(moment, words) {
  const label = make("span", { class: "limit" });
  counting.set(label, { moment: Date.parse(moment), words });
  show(label);
  return label;
}

/* Labels that left the page are forgotten with it. */
const counting = new WeakMap();

function show(label) {
  const { clock, state, moment, words: before } = counting.get(label);
  if (moment !== undefined) {
    const left = Math.ceil((moment - businessNow()) / 60_000);
    label.className = `limit ${left <= 0 ? "late" : left <= SOON_MIN ? "soon" : "fine"}`;
    label.textContent = left <= 0 ? `${before}：已过 ${duration(-left)}` : `${before}：还有 ${duration(left)}`;
    return;
  }
  const { look, words } = stand(clock, state);
  label.className = `limit ${look}`;
  label.textContent = `${TARGETS[clock.target] ?? clock.target}：${words}`;
}

setInterval(() => {
  for (const label of document.querySelectorAll(".limit")) if (counting.has(label)) show(label);
}, 5000);
