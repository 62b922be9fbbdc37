/* 客户: found by name, number, phone or initials, or the nearest ones; and one of them. */

import { read } from "./api.js";
import { visitTabs } from "./checks.js";
import { tabs } from "./lists.js";
import { may } from "./me.js";
import { facts, make, metres, phoneOf, tag, tell, typed } from "./parts.js";
import { whereAmI } from "./place.js";
import { careCard, visitNow } from "./visits.js";
import { ACCOUNT_STATES, PLACES, SIDES, TAGS } from "./words.js";

const PAUSE_MS = 350;
const PAGE = 30;
let last = { q: "", near: null }; // going back finds the list as it was

export async function customersScreen(place) {
  const list = make("ul", { class: "cards", id: "customers" });
  const status = make("p", { class: "quiet", role: "status", id: "found" });
  const more = make("button", { type: "button", id: "more", hidden: true }, "再看一些");
  const field = make("input", {
    id: "customer-search", type: "search", maxlength: 60, autocomplete: "off", enterkeyhint: "search",
    placeholder: "姓名、户号、电话、拼音首字母", value: last.q,
  });
  let pause, turn = 0;
  const find = async (cursor = null) => {
    const mine = ++turn;
    const asked = new URLSearchParams({ limit: PAGE });
    if (last.q) asked.set("q", last.q);
    if (last.near && !last.q) asked.set("near", `${last.near.lat},${last.near.lon}`);
    if (cursor) asked.set("cursor", cursor);
    const page = await read(`/customers?${asked}`);
    if (mine !== turn) return; // an older answer must not replace a newer one
    const items = page.items.map(card);
    if (cursor) list.append(...items);
    else list.replaceChildren(...items);
    status.textContent = list.children.length ? `列出 ${list.children.length} 户` : "没有找到。换个写法试试，例如户号后几位。";
    more.hidden = page.next === null;
    more.onclick = () => attempt(() => find(page.next));
  };
  const attempt = (work) => work().catch((error) => tell(error.message, "bad"));
  field.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(() => { last = { q: field.value.trim(), near: null }; attempt(find); }, PAUSE_MS);
  });
  const near = make("button", { type: "button", id: "near", onclick: () => attempt(async () => {
    near.disabled = true;
    try {
      const here = await whereAmI();
      field.value = "";
      last = { q: "", near: here };
      await find();
    } finally {
      near.disabled = false;
    }
  }) }, "离我最近的");
  place.replaceChildren(
    tabs(visitTabs()) ?? "",
    make("form", { class: "search", role: "search", onsubmit: (event) => {
      event.preventDefault();
      clearTimeout(pause);
      last = { q: field.value.trim(), near: null };
      field.blur();
      attempt(find);
    } }, make("label", { for: "customer-search" }, "找客户"), field, near),
    status, list, more);
  await find();
  return null;
}

function card(account) {
  return make("li", {}, make("a", {
    class: "customer", href: `#/customer/${encodeURIComponent(account.account_no)}`,
    "data-account": account.account_no,
  },
  make("span", { class: "row" }, make("strong", {}, typed(account.name)), account.tags.map(tagOf),
    account.state === "active" ? null : tag(ACCOUNT_STATES[account.state] ?? account.state)),
  make("span", { class: "where" }, typed(account.address)),
  make("span", { class: "quiet row" }, make("span", {}, account.account_no),
    make("span", {}, account.grid_name),
    account.distance_m === null ? null : make("span", {}, metres(account.distance_m)))));
}

const tagOf = (word) => tag(TAGS[word] ?? word, "watch");

export async function customerScreen(place, accountNo) {
  const account = await read(`/customers/${encodeURIComponent(accountNo)}`);
  const visit = make("div", {}, may("visit") && make("button", { type: "button", id: "visit-now", onclick: async () => {
    visit.replaceChildren(await visitNow(accountNo));
  } }, "临时走访…") || null);
  const matter = may("open_ticket")
    ? make("a", { class: "button wide", href: `#/report/account/${encodeURIComponent(account.account_no)}` }, "替他报一件事") : "";
  place.replaceChildren(careCard(accountNo), make("article", { id: "account", "data-account": account.account_no, class: "card narrow" },
    make("h2", {}, typed(account.name), " ", account.tags.map(tagOf)),
    account.is_relative ? make("p", { class: "strip warn" }, "这是您申报过的亲属账户，由其他同事办理。") : null,
    facts([
      ["户号", account.account_no],
      ["电话", phoneOf(account.phone)],
      ["地址", account.address],
      ["网格", [account.grid_name, account.station, PLACES[account.place_class]].filter(Boolean).join(" · ")],
      ["村", account.village],
      ["台区", `${account.district_name}（${account.district_no}）`],
      ["状态", ACCOUNT_STATES[account.state] ?? account.state],
      ["费控", account.fee_control ? "是" : "否"],
      ["开户日期", account.opened_on],
      ["微信绑定", account.links ? `${account.links} 人` : "没有"],
    ]),
    make("h2", {}, "计量点和电表"),
    make("ul", { class: "plain-list" }, account.points.map((point) => make("li", {},
      `${point.point_no} · ${SIDES[point.side] ?? point.side} · 倍率 ${Number(point.multiplier)}`,
      point.meters.map((meter) => make("span", { class: "quiet line" }, `电表 ${meter.meter_no}（${meter.installed_on} 装）`))))),
    make("a", { class: "button touch", href: `geo:${account.place.lat},${account.place.lon}?q=${account.place.lat},${account.place.lon}` }, "打开地图")), matter, visit);
  return null;
}
