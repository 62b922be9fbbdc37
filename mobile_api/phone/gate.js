/* Before work begins, and when it has to stop: permit and second person; a coded pause. */

import { Refused, Unreachable, read } from "./api.js";
import { ask, stampOf } from "./forms.js";
import { businessNow } from "./limits.js";
import { make } from "./parts.js";
import { isMe } from "./me.js";
import { PAUSES } from "./words.js";

const FIELD = ["manager", "assistant", "crew"];
const HOUR_MS = 3_600_000;

/* The form of `start`: without voltage one tap, else permit, second person and the photo. */
export function startForm(job, send, onclose) {
  const node = make("div", { class: "ask", id: "gate" });
  const live = async () => {
    node.replaceChildren(make("p", { class: "quiet" }, "正在读取当班同事…"));
    node.replaceChildren(await liveForm(job, send, onclose));
  };
  if (job.gate === "always" || job.live_work) {
    live();
    return node;
  }
  node.append(make("h2", {}, "要带电作业吗？"),
    make("button", { type: "button", id: "not-live", class: "primary", onclick: () => send({}) }, "不带电，开始处理"),
    make("div", { class: "two" },
      make("button", { type: "button", id: "is-live", onclick: live }, "要带电作业…"),
      make("button", { type: "button", id: "cancel-step", onclick: onclose }, "返回")));
  return node;
}

async function liveForm(job, send, onclose) {
  let people = {};
  let why = null;
  try {
    people = await colleagues();
  } catch (error) {
    if (!(error instanceof Refused) && !(error instanceof Unreachable)) throw error;
    why = `${error.message}。没有当班名单，暂时选不了第二人。`;
  }
  const needsPhoto = "先验电，并在下面“现场资料”里拍好验电照片；缺一样都不能开工。";
  return ask({
    title: job.gate === "always" ? "开工前的安全措施" : "带电作业的安全措施", why: why ?? needsPhoto,
    fields: [
      { name: "permit_no", label: "工作票编号", type: "line", max: 40, required: true, value: job.permit_no },
      { name: "second_person_id", label: "第二人（当班同事）", type: "choice", required: true,
        choices: people, value: job.second_person_id },
    ],
    send: "安全措施齐了，开始处理", onclose,
    onsend: (fields) => send(job.gate === "always" ? fields : { live_work: true, ...fields }),
  });
}

async function colleagues() {
  const page = await read("/staff?on_shift=true&limit=200");
  const others = page.items.filter((one) => !isMe(one.id));
  const inField = others.filter((one) => one.roles.some((role) => FIELD.includes(role)));
  return Object.fromEntries((inField.length ? inField : others).map((one) => [one.id, `${one.name}（${one.employee_no}）`]));
}

/* The form of `hold`: why, in a word that decides whether the clocks stand still, and until when. */
export const holdForm = (send, onclose) => ask({
  title: "为什么挂起？",
  fields: [
    { name: "pause_reason", label: "什么原因（决定时限停不停）", type: "choice", choices: PAUSES,
      help: "客户的原因马上暂停时限；其他原因要县公司批准，批准前时限照走。" },
    { name: "until", label: "暂停到什么时候", type: "moment", value: stampOf(new Date(businessNow().getTime() + 4 * HOUR_MS)) },
    { name: "reason", id: "reason", label: "说明", required: true,
      phrases: ["等材料", "等停电配合", "天气原因，不能登杆", "客户不在家"] },
  ],
  send: "提交：挂起", onclose,
  // Without a coded reason nothing is paused, so there is no time until when.
  onsend: ({ until, ...rest }) => send(rest.pause_reason ? { ...rest, until } : rest),
});
