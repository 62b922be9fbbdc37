/* The screens by their addresses, and the places at the bottom by what one's posts allow. */

import { careScreen, checksScreen, visitScreen, visitsScreen } from "./checks.js";
import { customerScreen, customersScreen } from "./customers.js";
import { reportScreen } from "./intake.js";
import { jobScreen } from "./job.js";
import { may } from "./me.js";
import { mineScreen } from "./mine.js";
import { outageScreen, outagesScreen } from "./outages.js";
import { make } from "./parts.js";
import { callbacksScreen, orderScreen, supervisionScreen } from "./supervision.js";
import { ticketScreen } from "./ticket.js";
import { ticketsScreen } from "./tickets.js";
import { todayScreen } from "./today.js";

const ID = "([0-9a-f-]{36})";
const at = (path) => new RegExp(`^#/${path}$`);

/* address, name of the screen, title, place at the bottom, how it is shown */
const SCREENS = [
  [at(`job/${ID}`), "job", "工单", "go-today", jobScreen],
  [at("customers"), "customers", "客户", "go-customers", customersScreen],
  [at("customer/(\\d{4,20})"), "customer", "客户", "go-customers", customerScreen],
  [at("care"), "care", "关爱户", "go-customers", careScreen],
  [at("checks"), "checks", "待核实", "go-customers", checksScreen],
  [at("visits"), "visits", "走访结果", "go-customers", visitsScreen],
  [at(`visit/${ID}`), "visit", "走访", "go-customers", visitScreen],
  [at("tickets(?:/(all))?"), "tickets", "事项", "go-tickets", ticketsScreen],
  [at(`ticket/${ID}`), "ticket", "事项", "go-tickets", ticketScreen],
  [at("report(?:/account/(\\d{4,20}))?"), "report", "报一件事", "go-tickets", reportScreen],
  [at("supervision"), "supervision", "督办", "go-tickets", supervisionScreen],
  [at(`order/${ID}`), "order", "督办", "go-tickets", orderScreen],
  [at("callbacks"), "callbacks", "回访", "go-tickets", (place, asked, refresh) => callbacksScreen(place, refresh)],
  [at("outages"), "outages", "停电", "go-outages", outagesScreen],
  [at(`outage/${ID}`), "outage", "停电", "go-outages", outageScreen],
  [at("mine"), "mine", "我的", "go-mine", (place, asked, refresh) => mineScreen(place, refresh)],
];
const TODAY = [null, "today", "今日", "go-today", (place, asked, refresh) => todayScreen(place, refresh)];

/* Screens that stand over a place and have a way back. */
export const OVER_A_PLACE = new Set(["job", "customer", "visit", "ticket", "report", "order", "outage"]);

/* {screen, title, show, asked} of an address; `asked` is what the address names. */
export function screenOf(hash) {
  const found = SCREENS.find(([address]) => address.test(hash)) ?? TODAY;
  const [address, screen, title, , show] = found;
  return { screen, title, show, asked: address?.exec(hash)[1] };
}

/* The id of the place at the bottom that a screen belongs to. */
export const placesOf = (screen) => [...SCREENS, TODAY].find(([, name]) => name === screen)?.[3] ?? "go-today";

/* At most five places, the fewer the larger. */
export function showPlaces(bar) {
  const verifies = may("verify_visits") && !may("visit");
  const second = verifies ? { href: "#/checks", words: "检查" } : { href: "#/customers", words: may("visit") ? "走访" : "客户" };
  const places = [
    { id: "go-today", href: "#/", words: "今日" },
    may("read_customers") ? { id: "go-customers", ...second } : null,
    may("read_work_orders") ? { id: "go-tickets", href: may("handle_tickets") ? "#/tickets" : "#/tickets/all", words: "事项" } : null,
    may("read_outages") ? { id: "go-outages", href: "#/outages", words: "停电" } : null,
    { id: "go-mine", href: "#/mine", words: "我的" },
  ].filter(Boolean);
  const here = bar.querySelector("[aria-current]")?.id;
  bar.replaceChildren(...places.map(({ id, href, words }) => make("a", { id, href, "aria-current": id === here ? "page" : null }, words)));
}
