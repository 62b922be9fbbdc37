/* 现场资料: what is still missing, taking photos and signatures, what was attached and what waits. */

import { Refused, Unreachable, read, readFile } from "./api.js";
import { panelFor, select } from "./forms.js";
import { businessNow } from "./limits.js";
import { make, tag, tell, timeOf, typed } from "./parts.js";
import { mayAskQuietly, whereAmI } from "./place.js";
import { signaturePad } from "./signature.js";
import { giveUp, progressOf, takeIn, tryAgain, waitingFor, whenSent } from "./uploads.js";
import { EVIDENCE_STATES, PURPOSES } from "./words.js";

/* What a phone turns into JPEG by itself when it is named; others are not taken. */
const PICTURES = "image/jpeg,image/png,image/webp";
const PREPARED_MS = 3000;
const LOOKS = 20;
const PLACE_MS = 6000;
const THUMBS_MAX = 60;

const thumbs = new Map(); // sha256 -> promise of a bitmap

/* Small pictures of other people's houses are not kept for the next one to sign in. */
export const forgetPictures = () => thumbs.clear();

/* {node, show(needs), leave} for a subject's path; `changed` runs when something was attached. */
export function evidenceOf(subject, { mayAttach, changed = () => {} }) {
  const missing = make("div", { id: "needs" });
  const buttons = make("div", { class: "shoot" });
  const panel = panelFor(buttons);
  const waiting = make("ul", { class: "plain-list", id: "uploads" });
  const list = make("ul", { class: "pictures", id: "evidence" });
  const status = make("p", { class: "quiet" });
  const node = make("section", { class: "card", id: "evidence-card" }, make("h2", {}, "现场资料"),
    missing, buttons, panel.node, waiting, list, status);
  let looks = 0;
  let turn = 0;
  let later = null;
  let drawn = null;

  const take = async (purpose, file) => {
    try {
      tell("正在校验照片…", "wait");
      const item = { purpose, taken_at: takenAt(file), ...await placeOf() };
      const isKept = await takeIn(subject, file, item);
      tell(isKept ? `${PURPOSES[purpose]}已存在手机里，正在上传` : `${PURPOSES[purpose]}正在上传，传完前不要关网页`, isKept ? "good" : "warn");
      if (purpose === "signature") panel.close();
    } catch (error) {
      tell(error.message, "bad");
    }
  };
  const shoot = (purpose, look = "") => {
    if (purpose === "signature") {
      return make("button", { type: "button", class: look, "data-purpose": purpose,
        onclick: () => panel.open(signaturePad((file) => take(purpose, file), panel.close)) }, "客户签名…");
    }
    const field = make("input", { type: "file", accept: purpose === "document" ? `${PICTURES},application/pdf` : PICTURES,
      capture: purpose === "document" ? null : "environment", "data-purpose": purpose,
      onchange: async () => { const file = field.files[0]; if (file) await take(purpose, file); field.value = ""; } });
    return make("label", { class: `button file ${look}` }, `拍照：${PURPOSES[purpose].replace("照片", "")}`, field);
  };
  const showNeeds = (needs) => {
    const text = JSON.stringify(needs);
    if (drawn === text) return;
    drawn = text;
    missing.replaceChildren(needs?.length
      ? make("p", { class: "strip warn" }, `还缺：${needs.map((one) => one.map((word) => PURPOSES[word]).join("或")).join("、")}`)
      : "");
    if (!mayAttach) return;
    const wanted = [...new Set((needs ?? []).flat())];
    const others = Object.fromEntries(Object.entries(PURPOSES).filter(([word]) => !wanted.includes(word)));
    const more = make("div");
    const choose = select({ id: "other-purpose", "aria-label": "拍别的",
      onchange: () => { more.replaceChildren(choose.value ? shoot(choose.value) : ""); } }, others, "拍别的…");
    buttons.replaceChildren(...wanted.map((word) => shoot(word, "wanted")), choose, more);
  };
  const showWaiting = async () => {
    const entries = await waitingFor(subject);
    waiting.replaceChildren(...entries.map((entry) => waitingLine(entry)));
  };
  const showList = async () => {
    const mine = ++turn;
    clearTimeout(later);
    try {
      const told = await read(`${subject}/evidence`);
      if (mine !== turn) return; // an older answer must not replace a newer one
      const items = Array.isArray(told) ? told : told.items;
      list.replaceChildren(...items.map(itemLine));
      status.textContent = items.length ? `共 ${items.length} 份` : "还没有资料";
      const isPreparing = items.some((one) => one.state === "complete" && !one.sha256);
      if (isPreparing && looks++ < LOOKS) later = setTimeout(() => { if (node.isConnected) showList(); }, PREPARED_MS);
    } catch (error) {
      if (!(error instanceof Refused) && !(error instanceof Unreachable)) throw error;
      status.textContent = error.message;
    }
  };
  const stop = whenSent(async (which, isDone) => {
    if (which !== subject) return;
    if (!node.isConnected) {
      stop();
      return;
    }
    await showWaiting();
    if (isDone) {
      looks = 0;
      await showList();
      changed();
    }
  });
  let isRead = false;
  const show = (needs) => {
    showNeeds(needs);
    if (isRead) return;
    isRead = true;
    showWaiting();
    showList();
  };
  return { node, show };
}

/* A claim of the phone; a photo from the camera was made just now. */
function takenAt(file) {
  const at = Math.min(file.lastModified || Date.now(), Date.now());
  return new Date(at).toISOString();
}

async function placeOf() {
  if (!await mayAskQuietly()) return {};
  const late = new Promise((give) => { setTimeout(() => give(null), PLACE_MS); });
  const here = await Promise.race([whereAmI().catch(() => null), late]);
  return here ?? {};
}

function waitingLine(entry) {
  const { share, problem } = progressOf(entry.id);
  return make("li", { "data-upload": entry.item.purpose }, make("strong", {}, PURPOSES[entry.item.purpose]), " ",
    problem ? make("span", { class: "strip bad" }, problem)
      : make("progress", { max: 100, value: Math.round(share * 100), "aria-label": "上传进度" }),
    problem ? make("span", { class: "row" },
      make("button", { type: "button", onclick: () => tryAgain(entry) }, "再试"),
      make("button", { type: "button", onclick: () => giveUp(entry) }, "删掉"))
      : make("span", { class: "quiet" }, ` ${Math.round(share * 100)}%`));
}

function itemLine(item) {
  return make("li", { "data-evidence": item.purpose, "data-state": item.state },
    item.sha256 && item.media_type !== "application/pdf" ? thumb(item) : make("span", { class: "blank" }, EVIDENCE_STATES[item.state]),
    make("span", {}, PURPOSES[item.purpose],
      make("span", { class: "quiet line" }, `${timeOf(item.received_at, businessNow())} `, typed(item.author)),
      item.state === "complete" ? null : tag(EVIDENCE_STATES[item.state], item.state === "refused" ? "danger" : ""),
      item.near_duplicates.length ? tag("和别的照片很像", "watch") : null));
}

/* A small picture, drawn on a canvas: the page loads no image by address. */
function thumb(item) {
  const canvas = make("canvas", { class: "thumb", width: 96, height: 96, role: "img", "aria-label": PURPOSES[item.purpose] });
  if (!thumbs.has(item.sha256)) {
    if (thumbs.size >= THUMBS_MAX) thumbs.delete(thumbs.keys().next().value);
    const made = readFile(`/blobs/${item.sha256}?size=thumb`).then((blob) => createImageBitmap(blob));
    made.catch(() => thumbs.delete(item.sha256));
    thumbs.set(item.sha256, made);
  }
  thumbs.get(item.sha256).then((picture) => {
    const side = Math.min(picture.width, picture.height);
    canvas.getContext("2d").drawImage(picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, 96, 96);
    canvas.dataset.drawn = "yes";
  }).catch(() => { canvas.dataset.drawn = "no"; });
  return canvas;
}
