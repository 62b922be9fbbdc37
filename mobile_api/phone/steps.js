/* The buttons of a job: one primary next step, the rest below, forms where a step needs words. */

import { ask, panelFor } from "./forms.js";
import { holdForm, startForm } from "./gate.js";
import { make, metres, tell } from "./parts.js";
import { whereAmI } from "./place.js";
import { act } from "./sending.js";
import { BUTTONS, DONE, FORMS, FURTHER, NEXT, STATES } from "./words.js";

const DEMO_ACCURACY_M = 10;
/* What else shows that somebody is there, beside a position. */
const PROOFS = [
  { name: "customer_code", label: "客户验证码", type: "code", max: 4, help: "客户手机上看到的四位数" },
  { name: "seal_code", label: "表号", type: "line", max: 40, help: "电表或封印上印的编号" },
];

const isDemo = () => document.body.dataset.demo === "yes";

/* {node, show} for the job that `current` gives; `refresh` reads it again after a step. */
export function stepsOf(current, refresh) {
  const buttons = make("div", { class: "steps" });
  const panel = panelFor(buttons);
  panel.node.id = "panel";
  const node = make("section", { class: "card", id: "steps" }, buttons, panel.node);
  const state = { open: null, isBusy: false, isHere: false, more: {} };

  const show = () => {
    const { allowed, state: jobState } = current();
    if (state.open && !allowed.includes(state.open)) close();
    const next = NEXT.filter((verb) => allowed.includes(verb));
    const further = [...next.slice(1), ...FURTHER.filter((verb) => allowed.includes(verb))];
    buttons.replaceChildren(
      make("h2", {}, next.length ? "下一步" : `现在：${STATES[jobState] ?? jobState}`),
      ...(isDemo() && allowed.includes("arrive") && current().lat !== null ? [demoSwitch()] : []),
      ...next.slice(0, 1).map((verb) => button(verb, "primary")),
      further.length ? make("div", { class: "two" }, further.map((verb) => button(verb))) : "",
      next.length + further.length ? "" : make("p", { class: "quiet" }, "这个工单现在没有您要做的步骤。"),
    );
    buttons.hidden = state.open !== null;
  };
  const button = (verb, look = "") => make("button", {
    type: "button", class: look, "data-verb": verb, disabled: state.isBusy,
    onclick: () => tap(verb),
  }, BUTTONS[verb]);
  const demoSwitch = () => make("label", { class: "demo" }, make("input", {
    type: "checkbox", id: "demo-here", checked: state.isHere,
    onchange: (event) => { state.isHere = event.target.checked; },
  }), "演示：假装我在现场");

  const tap = async (verb) => {
    if (state.isBusy) return;
    if (verb === "arrive") await arrive();
    else if (verb === "hold") open(verb, holdForm(send, shut));
    else if (verb === "start" && current().gate !== "none") open(verb, startForm(current(), send, shut));
    else if (FORMS[verb]) open(verb, wordsForm(verb));
    else await step(verb, {});
  };
  const wordsForm = (verb, why = null, also = []) => {
    const [first, ...rest] = FORMS[verb];
    return ask({ why, fields: [first, ...rest, ...also], onsend: send, onclose: shut,
      send: `提交：${BUTTONS[verb].replace("…", "")}` });
  };
  const open = (verb, form) => {
    state.open = verb;
    panel.open(form);
    show();
  };
  const close = () => {
    state.open = null;
    panel.close();
  };
  const shut = () => { close(); show(); };
  const send = (fields) => step(state.open, { ...(state.open === "arrive" ? state.more : {}), ...fields });

  /* Where I am goes with the arrival; where that fails, a reason takes its place. */
  const arrive = async () => {
    const { lat, lon } = current();
    state.more = {};
    if (state.isHere && isDemo()) state.more = { position: { lat, lon, accuracy_m: DEMO_ACCURACY_M } };
    else {
      busy("正在定位…");
      try {
        state.more = { position: await whereAmI() };
      } catch (error) {
        busy(null);
        tell("");
        open("arrive", wordsForm("arrive", `${error.message} 也可以说明原因，先登记到达（会标为“定位存疑”）。`, PROOFS));
        return;
      }
    }
    await step("arrive", state.more);
  };
  const busy = (words) => {
    state.isBusy = words !== null;
    node.setAttribute("aria-busy", String(state.isBusy));
    for (const one of node.querySelectorAll("button")) one.disabled = state.isBusy;
    if (words) tell(words, "wait");
  };
  const step = async (verb, fields) => {
    const { id, version } = current();
    busy("正在发送…");
    const { outcome, error } = await act(`/work-orders/${encodeURIComponent(id)}/${verb}`,
      { version, ...fields }, { label: BUTTONS[verb], done: DONE[verb], isTimed: true });
    if (outcome === "done") close();
    if (error?.code === "arrival_not_proved") {
      tell("");
      open("arrive", wordsForm("arrive", farAway(error.facts), PROOFS));
    } else if (outcome !== "unreachable" && outcome !== "waiting") await refresh(outcome === "done" ? verb : null);
    busy(null);
  };
  return { node, show };
}

function farAway({ distance_m: distance, radius_m: radius }) {
  const far = distance === null || distance === undefined ? "定位不够准，不能证明您在现场。"
    : `定位离现场 ${metres(distance)}，要求 ${metres(radius)} 以内。`;
  return `${far}请靠近后再试；或者说明原因，先登记到达（会标为“定位存疑”）。`;
}

/* 到场证明: a code or the meter's number that makes a weak arrival strong; nothing where none is needed. */
export function proofOf(current, refresh) {
  const buttons = make("div");
  const panel = panelFor(buttons);
  const node = make("section", { class: "card", id: "proof", hidden: true }, buttons, panel.node);
  const send = async (fields) => {
    const { id, version } = current();
    if (!fields.customer_code && !fields.seal_code) {
      tell("请填客户验证码，或者电表上的编号", "warn");
      return;
    }
    const { outcome, answer } = await act(`/work-orders/${encodeURIComponent(id)}/prove`, { version, ...fields },
      { label: "到场证明", done: "已核对" });
    if (outcome === "unreachable" || outcome === "waiting") return;
    if (outcome === "done") {
      panel.close();
      if (!answer.arrival_proof) tell("号码不对，没有核对上。请再看一眼；错几次就不能再试了。", "bad");
    }
    await refresh(null);
  };
  const show = (isMine) => {
    const job = current();
    const isThere = ["on_site", "in_progress", "on_hold"].includes(job.state);
    node.hidden = !(isMine && isThere && job.arrival_grade === "weak" && !job.arrival_proof);
    if (panel.isOpen) return;
    buttons.replaceChildren(make("h2", {}, "到场证明"),
      make("p", { class: "quiet" }, "定位到了附近。再报客户验证码或电表编号，到场就确认了。"),
      make("button", { type: "button", id: "open-proof", onclick: () => panel.open(ask({
        title: "到场证明（填一个就行）", fields: PROOFS, send: "核对", onsend: send, onclose: panel.close,
      })) }, "填验证码或表号…"));
  };
  return { node, show };
}

