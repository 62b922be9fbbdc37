/* People's safety on site: a sign of life for who is alone there, and the call for help. */

import { Refused, Unreachable, newKey, write } from "./api.js";
import { panelFor } from "./forms.js";
import { businessNow, countdownTo } from "./limits.js";
import { isMe } from "./me.js";
import { byId, make, tell, timeOf } from "./parts.js";
import { mayAskQuietly, whereAmI } from "./place.js";
import { act } from "./sending.js";

const OUT = ["accepted", "en_route", "on_site", "in_progress", "on_hold"];
const AGAIN_MS = 3000;
const PLACE_MS = 4000;

/* {node, show} of a job: check-in and the call for help, for who has it and the second person. */
export function safetyOf(current, refresh) {
  const well = make("div", { id: "check-in-card", hidden: true });
  const buttons = make("div");
  const panel = panelFor(buttons);
  const node = make("section", { class: "card", id: "safety", hidden: true }, well, buttons, panel.node);
  let call = null;

  const checkIn = async () => {
    const { outcome } = await act(`/work-orders/${encodeURIComponent(current().id)}/check-in`, await position(),
      { label: "报平安", done: "平安已报，注意安全", isTimed: true });
    if (outcome !== "unreachable" && outcome !== "waiting") await refresh(null);
  };
  const confirm = () => panel.open(make("div", { class: "ask" },
    make("h2", {}, "确定求助吗？"),
    make("p", {}, "调度员马上会收到，并看到您在哪里。"),
    make("button", { type: "button", id: "sos-yes", class: "sos", onclick: cry }, "确定求助"),
    make("button", { type: "button", id: "sos-no", onclick: panel.close }, "按错了，返回")));
  /* No other step that waits stands in the way, and the call goes on until it was heard. */
  const cry = async () => {
    call ??= { key: newKey(), path: `/work-orders/${encodeURIComponent(current().id)}/sos`,
      body: { occurred_at: new Date().toISOString() } };
    panel.open(make("p", { class: "strip bad", role: "alert", id: "sos-state" }, "正在呼救… 也请拨打 120、110 或调度电话。"));
    Object.assign(call.body, await position());
    while (call) {
      try {
        const alarm = await write(call.path, call.body, call.key);
        call = null;
        heard(alarm);
      } catch (error) {
        if (error instanceof Refused && error.status !== 429) {
          call = null;
          panel.close();
          tell(error.message, "bad");
        } else if (error instanceof Unreachable || error instanceof Refused) {
          const state = byId("sos-state");
          if (state) state.textContent = "没有信号，正在不停地重发求助… 请同时拨打电话。";
          await new Promise((wake) => { setTimeout(wake, AGAIN_MS); });
        } else throw error;
      }
    }
  };
  const heard = (alarm) => {
    panel.open(make("div", { class: "ask" },
      make("p", { class: "strip bad", role: "alert", id: "sos-state" },
        `求助已送到（${timeOf(alarm.raised_at, businessNow())}），调度员会联系您。请保持电话畅通。`),
      make("button", { type: "button", onclick: panel.close }, "知道了")));
    refresh(null);
  };
  const show = () => {
    const job = current();
    const isMine = isMe(job.assignee?.id) || isMe(job.second_person_id);
    node.hidden = !(isMine && OUT.includes(job.state));
    well.hidden = job.check_in_due_at === null || !isMe(job.assignee?.id);
    if (!well.hidden) {
      well.replaceChildren(make("p", { class: "row" }, countdownTo(job.check_in_due_at, "该报平安了")),
        make("button", { type: "button", id: "check-in", class: "primary", onclick: checkIn }, "报平安"));
    }
    if (!panel.isOpen && !buttons.children.length) {
      buttons.replaceChildren(make("button", { type: "button", id: "sos", class: "sos", onclick: confirm }, "紧急求助"));
    }
  };
  return { node, show };
}

/* Where I am, if that is known within a moment: a call for help does not wait for satellites. */
async function position() {
  if (!await mayAskQuietly()) return {};
  const late = new Promise((give) => { setTimeout(() => give(null), PLACE_MS); });
  const here = await Promise.race([whereAmI().catch(() => null), late]);
  return here ? { position: here } : {};
}
