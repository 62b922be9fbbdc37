/* What lists share: tabs on top, pages of cards, more on demand. */

import { Refused, Unreachable, read } from "./api.js";
import { businessNow } from "./limits.js";
import { make, tell, timeWithSeconds } from "./parts.js";

/* The places inside of a place: [[address, words], …], the shown one marked. */
export const tabs = (places) => (places.length < 2 ? null : make("nav", { class: "tabs", "aria-label": "分类" },
  places.map(([address, words]) => make("a", { href: address, "aria-current": location.hash === address ? "page" : null }, words))));

/* A list that reads a page and more: {node, load}. `card(item)` draws one; `empty` is said of none. */
export function listOf(path, card, { empty, id }) {
  const list = make("ul", { class: "cards", id });
  const status = make("p", { class: "empty", hidden: true, "data-empty": id }, empty);
  const more = make("button", { type: "button", class: "more", hidden: true }, "再看一些");
  const asOf = make("p", { class: "quiet as-of" });
  let seen = null;
  const load = async (cursor = null) => {
    const joint = path.includes("?") ? "&" : "?";
    const page = await read(`${path}${joint}limit=30${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    asOf.textContent = `数据截至 ${timeWithSeconds(businessNow())}`;
    const text = JSON.stringify(page);
    // What is the same is not drawn again: a tap must not miss its card.
    if (!cursor && seen === text) return;
    if (!cursor) seen = text;
    const items = page.items.map((item) => make("li", {}, card(item)));
    if (cursor) list.append(...items);
    else list.replaceChildren(...items);
    status.hidden = list.children.length > 0;
    more.hidden = page.next === null || page.next === undefined;
    more.onclick = () => load(page.next).catch((error) => {
      if (!(error instanceof Refused) && !(error instanceof Unreachable)) throw error;
      tell(error.message, "bad");
    });
  };
  return { node: make("div", {}, asOf, list, status, more), load };
}

/* A screen that is one list below its tabs; gives how to read it again. */
export async function listScreen(place, places, head, path, card, words) {
  const list = listOf(path, card, words);
  place.replaceChildren(...[tabs(places), head, list.node].flat().filter(Boolean));
  await list.load();
  return () => list.load();
}
