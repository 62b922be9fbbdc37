/* The buttons of a job: one primary next step, the rest below, words where a step needs them. */

import { Refused, Unreachable, intend, perform, unsent } from "./api.js";
import { byId, make, metres, tell } from "./parts.js";
import { whereAmI } from "./place.js";
import { BUTTONS, DONE, FORMS, FURTHER, NEXT, STATES } from "./words.js";

const ASKS_FIRST = new Set(["decline", "hold", "complete", "cannot-complete", "comment"]);
const DEMO_ACCURACY_M = 10;

const isDemo = () => document.body.dataset.demo === "yes";

/* {node, show} for the job that `current` gives; `refresh` reads it again after a step. */
export function stepsOf(current, refresh) {
  const buttons = make("div", { class: "steps" });
  const panel = make("div", { id: "panel" });
  const node = make("section", { class: "card", id: "steps" }, buttons, panel);
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
    if (ASKS_FIRST.has(verb)) open(verb);
    else if (verb === "arrive") await arrive();
    else await act(verb, {});
  };
  const open = (verb, why = null) => {
    state.open = verb;
    panel.replaceChildren(form(verb, why, { onsend: send, onclose: () => { close(); show(); } }));
    show();
    panel.querySelector("h2").scrollIntoView({ block: "nearest" });
    if (matchMedia("(pointer: fine)").matches) panel.querySelector("textarea").focus();
  };
  const close = () => {
    state.open = null;
    panel.replaceChildren();
  };
  const send = (words) => act(state.open, { ...(state.open === "arrive" ? state.more : {}), [FORMS[state.open].field]: words });

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
        open("arrive", `${error.message} 也可以说明原因，先登记到达（会标为“定位存疑”）。`);
        return;
      }
    }
    await act("arrive", state.more);
  };
  const busy = (words) => {
    state.isBusy = words !== null;
    node.setAttribute("aria-busy", String(state.isBusy));
    for (const one of node.querySelectorAll("button")) one.disabled = state.isBusy;
    if (words) tell(words, "wait");
  };
  const act = async (verb, fields) => {
    const intent = intentOf(verb, fields);
    if (!intent) {
      tell("上面还有一步没有送到，请先再发一次或者放弃它。", "warn");
      return;
    }
    busy("正在发送…");
    const outcome = await sendIntent(intent);
    if (outcome === "done") close();
    if (outcome instanceof Refused && outcome.code === "arrival_not_proved") {
      tell("");
      open("arrive", farAway(outcome.facts));
    } else if (outcome !== "unreachable") await refresh(outcome === "done" ? verb : null);
    busy(null);
  };
  /* The same tap again is the same intent, with its first key; null while another one waits. */
  const intentOf = (verb, fields) => {
    const kept = unsent();
    const { id, version } = current();
    if (!kept) return intend(id, verb, { version, ...fields });
    const isSame = kept.jobId === id && kept.verb === verb
      && kept.body.reason === fields.reason && kept.body.resolution === fields.resolution;
    return isSame ? kept : null;
  };
  return { node, show };
}

function farAway({ distance_m: distance, radius_m: radius }) {
  const far = distance === null || distance === undefined ? "定位不够准，不能证明您在现场。"
    : `定位离现场 ${metres(distance)}，要求 ${metres(radius)} 以内。`;
  return `${far}请靠近后再试；或者说明原因，先登记到达（会标为“定位存疑”）。`;
}

/* The words of a step: a field, ready phrases for a thumb, send and back. */
function form(verb, why, { onsend, onclose }) {
  const { field, ask, phrases } = FORMS[verb];
  const words = make("textarea", { id: field, rows: 3, maxlength: 500, required: true, "aria-describedby": why ? "why" : null });
  const add = (phrase) => { words.value = [words.value.trim(), phrase].filter(Boolean).join("，"); };
  return make("form", { onsubmit: (event) => {
    event.preventDefault();
    const said = words.value.trim();
    if (said) onsend(said);
    else { tell("请先写几个字，或者点一个现成的说法", "warn"); words.focus(); }
  } },
  make("h2", {}, make("label", { for: field }, ask)),
  why ? make("p", { id: "why", class: "strip warn" }, why) : null,
  make("div", { class: "phrases" }, phrases.map((phrase) => make("button",
    { type: "button", class: "phrase", onclick: () => add(phrase) }, phrase))),
  words,
  make("div", { class: "two" },
    make("button", { type: "submit", id: "send-step", class: "primary" }, `提交：${BUTTONS[verb].replace("…", "")}`),
    make("button", { type: "button", id: "cancel-step", onclick: onclose }, "返回")));
}

/* Send a tap, also one that was kept: "done", "unreachable", or the refusal. */
export async function sendIntent(intent) {
  try {
    await perform(intent);
    tell(DONE[intent.verb] ?? "已完成");
    return "done";
  } catch (error) {
    if (error instanceof Unreachable) {
      tell("");
      return "unreachable";
    }
    if (!(error instanceof Refused)) throw error;
    const isStale = error.code === "stale_version";
    tell(isStale ? "工单刚刚被别人更新了，已重新读取，请看清再操作。" : error.message, isStale ? "warn" : "bad");
    return error;
  } finally {
    showUnsent();
  }
}

/* The bar about a step that did not get through. */
export function showUnsent() {
  const intent = unsent();
  byId("unsent").hidden = intent === null;
  if (intent) {
    byId("unsent").querySelector("p").textContent
      = `“${(BUTTONS[intent.verb] ?? intent.verb).replace("…", "")}”没有确认送到。网络好了再发一次，不会重复登记。`;
  }
}
