// The frame of every page: live hints, the alarm, keys. Nothing here writes to the server.
import { openKeys } from "./keys.js";
import { followLive } from "./live.js";
import { ask, refetch } from "./parts.js";

const alarms = document.getElementById("alarms");
const board = document.getElementById("board");
const job = document.getElementById("job");
const title = document.title;
const more = document.querySelector("details.more");

// On a phone the line of the menu is longer than the screen.
document.querySelector(".top nav > ul [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

document.addEventListener("click", (event) => {
  if (more?.open && !more.contains(event.target)) more.open = false;
});
more?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  more.open = false;
  more.querySelector("summary").focus();
});

function alarmCount() {
  return Number(alarms.querySelector("[data-count]")?.dataset.count ?? 0);
}

function showAlarm() {
  const count = alarmCount();
  document.title = count ? `(危险 ${count}) ${title}` : title;
  document.body.classList.toggle("flash", count > 0 && localStorage.getItem("flash") === "on");
}

async function refreshAlarms() {
  await refetch(alarms, "/console/alarms");
  showAlarm();
}

async function refreshBoard() {
  if (!board) return;
  await refetch(board, board.dataset.source);
  const shown = board.querySelector(".as-of");
  const foot = document.querySelector(".foot .as-of");
  if (shown && foot) {
    foot.textContent = shown.textContent;
    foot.dateTime = shown.dateTime;
  }
  document.dispatchEvent(new CustomEvent("board-refreshed"));
}

function compare(version) {
  if (job && version > Number(job.dataset.version)) {
    document.getElementById("changed").hidden = false;
  }
}

async function compareJob() {
  if (!job) return;
  const answer = await ask(`/console/work-orders/${job.dataset.id}/version`, "application/json");
  if (answer) compare((await answer.json()).version);
}

function refreshAll() {
  return Promise.all([refreshAlarms(), refreshBoard(), compareJob()]);
}

function heard(hint) {
  if (hint.work_order_id === job?.dataset.id) compare(hint.version);
}

// How many rows are picked for one action; a row that left the list is no longer picked.
const picked = document.getElementById("picked");
function countPicked() {
  if (!picked) return;
  const count = document.querySelectorAll("[data-pick]:checked").length;
  picked.textContent = count ? `已选 ${count} 个` : "";
}
document.addEventListener("change", countPicked);
document.addEventListener("board-refreshed", countPicked);
addEventListener("pageshow", countPicked);

showAlarm();
openKeys({ refresh: () => (board ? refreshAll() : location.reload()), flash: showAlarm });
followLive({ source: "/console/live", heard, resync: refreshAll, whileHidden: Boolean(board) });

// Two presses of one button are one wish.
document.addEventListener("submit", (event) => {
  for (const button of event.target.querySelectorAll("button:not([value])")) {
    if (event.target.method === "post") setTimeout(() => { button.disabled = true; }, 0);
  }
});
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form button[disabled]")) button.disabled = false;
});
