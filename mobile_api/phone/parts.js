/* Building pieces of a page, and saying times. What people typed becomes text and nothing else. */

export const byId = (id) => document.getElementById(id);

/* Marks that turn the direction of a line could show a name as another one. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;
export const plain = (text) => String(text ?? "").replace(TURNING, "\ufffd");

/* An element with attributes and children; a string child is text. `on…` are listeners. */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined)
    .map((child) => (child instanceof Node ? child : plain(child))));
  return made;
}

/* What a customer typed, kept apart from the words around it. */
export const typed = (text) => make("bdi", {}, text);

export const tag = (words, look = "") => make("span", { class: `tag ${look}` }, words);

/* Pairs of a name and a value; pairs without a value are left out. */
export function facts(pairs, look = "") {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return make("dl", { class: `facts ${look}` }, shown.map(([name, value]) => [
    make("dt", {}, name),
    make("dd", {}, value instanceof Node || Array.isArray(value) ? value : typed(value)),
  ]).flat());
}

/* A number to call, or only to read where the reader's post does not show it. */
export function phoneOf(number) {
  if (!number) return "没有登记";
  if (!/^[0-9+ -]{5,20}$/.test(number)) return typed(number);
  return make("a", { class: "button call", href: `tel:${number.replace(/[ -]/g, "")}` }, `拨打 ${number}`);
}

const ZONE = { timeZone: "Asia/Shanghai", hourCycle: "h23" };
const CLOCK = new Intl.DateTimeFormat("zh-CN", { ...ZONE, hour: "2-digit", minute: "2-digit" });
const SECONDS = new Intl.DateTimeFormat("zh-CN",
  { ...ZONE, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("zh-CN", { ...ZONE, month: "numeric", day: "numeric" });

export const timeWithSeconds = (moment) => SECONDS.format(new Date(moment));

/* `14:05` today, `11月3日 14:05` on another day. Times are Beijing time. */
export function timeOf(moment, now) {
  const at = new Date(moment);
  const day = DAY.format(at);
  return DAY.format(now) === day ? CLOCK.format(at) : `${day} ${CLOCK.format(at)}`;
}

export function duration(minutes) {
  if (minutes === 0) return "不到 1 分钟";
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  if (hours >= 48) return `${Math.floor(hours / 24)} 天 ${hours % 24} 小时`;
  return hours ? `${hours} 小时 ${rest} 分` : `${rest} 分钟`;
}

export function metres(distance) {
  return distance < 1000 ? `${Math.round(distance)} 米` : `${(distance / 1000).toFixed(1)} 公里`;
}

const GOOD_STAYS_MS = 6000;
let hiding = null;

/* One sentence about what just happened: good news goes by itself, the rest stays to be read. */
export function tell(words, look = "good") {
  clearTimeout(hiding);
  if (words && look === "good") hiding = setTimeout(() => tell(""), GOOD_STAYS_MS);
  const notice = byId("notice");
  notice.hidden = !words;
  notice.dataset.look = look;
  notice.className = `strip ${look}`;
  notice.textContent = plain(words);
}
