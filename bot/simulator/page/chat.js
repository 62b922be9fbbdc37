/* The chat of one simulated customer: polls what arrived, pushes what the person does. */

import { bubble, element } from "./bubbles.js";
import { PlaceMap } from "./map.js";

const POLL_MS = 1000;
const SEARCH_PAUSE_MS = 200;
const byId = (id) => document.getElementById(id);
const chat = byId("chat");

async function ask(path, options) {
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail ?? `HTTP ${response.status}`);
  return answer;
}

function tell(state, words) {
  const status = byId("status");
  status.dataset.state = state;
  status.textContent = words;
}

/* ---- the list of customers ---- */

function item(follower) {
  const link = element("a", { href: `/?openid=${encodeURIComponent(follower.openid)}`, data: { openid: follower.openid } },
    element("span", { className: "name", textContent: follower.nickname }),
    element("span", { className: "openid", textContent: follower.openid }));
  if (follower.openid === chat?.dataset.openid) link.setAttribute("aria-current", "page");
  return element("li", {}, link);
}

function followTheSearch() {
  const field = byId("follower-search");
  let pause, asked = 0;
  field.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(async () => {
      const turn = ++asked;
      const found = await ask(`/control/followers?q=${encodeURIComponent(field.value)}`).catch(() => null);
      if (!found || turn !== asked) return; // an older answer must not replace a newer one
      byId("followers").replaceChildren(...found.items.map(item));
      byId("follower-count").textContent = `共 ${found.total} 位，列出 ${found.items.length} 位`;
    }, SEARCH_PAUSE_MS);
  });
}

/* ---- messages ---- */

let cursor = 0;
let polling = null;

async function poll() {
  const openid = encodeURIComponent(chat.dataset.openid);
  const news = await ask(`/control/messages?openid=${openid}&after=${cursor}&direction=both&limit=500`);
  cursor = news.next;
  const list = byId("messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  list.append(...news.items.map((message) => bubble(message, choose)));
  if (news.items.length && (atEnd || news.items.some((one) => one.direction === "sent"))) {
    const toEnd = () => { list.scrollTop = list.scrollHeight; };
    toEnd(); // and again when a picture among them has come and taken its place
    for (const picture of list.querySelectorAll(":scope > :last-child img, :scope > :nth-last-child(2) img")) {
      picture.addEventListener("load", toEnd, { once: true });
    }
  }
}

/* One poll at a time, so that no message is drawn twice. */
function refresh() {
  polling ??= poll().then(
    () => { if (byId("status").dataset.state === "lost") tell("idle", ""); },
    () => tell("lost", "与模拟器的连接断开，正在重试…"),
  ).finally(() => { polling = null; });
  return polling;
}

async function act(fields) {
  tell("busy", "正在推送给公众号…");
  const done = ask("/control/events", { method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ openid: chat.dataset.openid, ...fields }) });
  setTimeout(refresh, 60); // what the person wrote shows at once, also when the answer takes long
  try {
    const outcome = await done;
    const took = `${outcome.tries} 次推送，${outcome.elapsed_ms} 毫秒`;
    if (outcome.answered) tell("answered", `${outcome.reply ? "公众号已回复" : "公众号已收到"}（${took}）`);
    else tell("failed", `公众号没有正确应答：${outcome.problem}（${took}）`);
  } catch (error) {
    tell("failed", `没有发出：${error.message}`);
  }
  await polling;
  await refresh();
}

function choose(choice) {
  return act({ type: "text", content: choice.content, bizmsgmenuid: choice.id });
}

function writing() {
  const field = byId("message-input");
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const content = field.value;
    if (!content.trim()) return;
    field.value = "";
    field.focus();
    act({ type: "text", content });
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    byId("composer").requestSubmit();
  });
}

/* ---- place, picture, following ---- */

let placeSent = null; // what to do with a chosen place

function places() {
  const home = { lat: Number(chat.dataset.lat), lon: Number(chat.dataset.lon) };
  const [lat, lon] = [byId("map-lat"), byId("map-lon")];
  const show = (pin) => {
    lat.value = pin.lat.toFixed(6);
    lon.value = pin.lon.toFixed(6);
    byId("map-readout").textContent = map.words();
  };
  const map = new PlaceMap(byId("map"), home, chat.dataset.home === "yes", show);
  show(home);
  for (const field of [lat, lon]) {
    field.addEventListener("change", () => map.put({ lat: Number(lat.value), lon: Number(lon.value) }));
  }
  byId("zoom-in").addEventListener("click", () => map.zoom(0.5));
  byId("zoom-out").addEventListener("click", () => map.zoom(2));
  byId("send-location").addEventListener("click", () => openPlaces(map, sendLocation));
  byId("cancel-location").addEventListener("click", () => byId("place").close());
  byId("confirm-location").addEventListener("click", () => {
    byId("place").close();
    placeSent({ lat: map.pin.lat, lon: map.pin.lon, label: byId("map-label").value });
  });
  return map;
}

async function openPlaces(map, then) {
  placeSent = then;
  byId("place").showModal();
  byId("map").focus();
  const found = await ask(`/control/neighbours/${encodeURIComponent(chat.dataset.openid)}`).catch(() => null);
  if (found) { map.neighbours = found.items; map.redraw(); }
}

const sendLocation = (place) => act({ type: "location", ...place });

function pictures() {
  const file = byId("image-file");
  byId("send-image").addEventListener("click", () => file.click());
  file.addEventListener("change", async () => {
    const [picture] = file.files;
    file.value = "";
    if (!picture) return;
    const bytes = new Uint8Array(await picture.arrayBuffer());
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    act({ type: "image", media_base64: btoa(text) });
  });
}

function following() {
  const button = byId("toggle-follow");
  const follows = () => chat.dataset.subscribed === "yes";
  const show = () => { button.textContent = follows() ? "取消关注" : "关注"; };
  button.addEventListener("click", async () => {
    await act({ type: "event", event: follows() ? "unsubscribe" : "subscribe" });
    const now = await ask(`/control/followers/${encodeURIComponent(chat.dataset.openid)}`);
    chat.dataset.subscribed = now.subscribed ? "yes" : "no";
    show();
  });
  show();
}

/* ---- the account's menu ---- */

function press(button, map) {
  if (button.type === "view") {
    window.open(button.url, "_blank", "noopener");
    return act({ type: "event", event: "VIEW", event_key: button.url });
  }
  if (button.type === "location_select") {
    return openPlaces(map, async (place) => {
      await act({ type: "event", event: "location_select", event_key: button.key, ...place });
      await sendLocation(place);
    });
  }
  if (button.type.startsWith("scancode")) {
    const result = window.prompt("扫到的内容");
    return result && act({ type: "event", event: button.type, event_key: button.key, scan_result: result });
  }
  return act({ type: "event", event: button.type === "click" ? "CLICK" : button.type, event_key: button.key });
}

function menuButton(button, map) {
  const made = element("button", { type: "button", textContent: button.name, data: { action: button.type } });
  made.addEventListener("click", () => { made.closest("details")?.removeAttribute("open"); press(button, map); });
  return made;
}

async function menu(map) {
  const { button: buttons } = await ask("/control/menu");
  const bar = byId("menu");
  bar.hidden = !buttons;
  bar.replaceChildren(...(buttons ?? []).map((button) => button.sub_button?.length
    ? element("details", {}, element("summary", { textContent: button.name }),
      element("div", {}, ...button.sub_button.map((child) => menuButton(child, map))))
    : menuButton(button, map)));
}

followTheSearch();
if (chat) {
  const map = places();
  writing();
  pictures();
  following();
  menu(map).catch(() => tell("lost", "菜单没有取到"));
  refresh();
  setInterval(() => { if (!document.hidden) refresh(); }, POLL_MS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
}
