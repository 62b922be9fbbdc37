// The map: our own outlines, no tiles. What people typed goes into textContent, never into markup.
import { ask } from "./parts.js";

const place = document.getElementById("map");
const note = document.getElementById("map-note");
const COLOURS = { danger: "#b3001b", late: "#e0563f", open: "#e08a00" };
const KEY = [
  ["dot-danger", "危险工单"],
  ["dot-late", "超时工单"],
  ["dot-open", "其他未结束工单"],
  ["dot-person", "在班人员"],
];
// Characters that turn the direction of writing.
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
let map = null;
let marks = null;
let outlines = null;
// While somebody reads a popup the marks stay as they are.
let reading = false;
let outdated = false;

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function popup(lines, link) {
  const box = element("div", undefined, "pop");
  for (const line of lines) {
    const paragraph = element("p");
    paragraph.append(element("bdi", line.replace(TURNING, "\ufffd")));
    box.append(paragraph);
  }
  if (link) {
    const anchor = element("a", "打开工单");
    anchor.href = `/console/work-orders/${encodeURIComponent(link)}`;
    box.append(anchor);
  }
  return box;
}

function drawJob(job) {
  const look = job.priority === "danger" ? "danger" : job.late ? "late" : "open";
  L.circleMarker([job.lat, job.lon], {
    radius: look === "danger" ? 11 : 8, color: "#fff", weight: 2, fillColor: COLOURS[look], fillOpacity: 0.95,
  })
    .bindPopup(popup([job.number, job.description, job.address ?? "地址未知"], job.id))
    .addTo(marks);
}

function drawPerson(person) {
  const seen = new Date(person.recorded_at).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai" });
  const icon = L.divIcon({ className: "dot-person", iconSize: [14, 14] });
  L.marker([person.lat, person.lon], { icon, alt: person.name, keyboard: true })
    .bindPopup(popup([person.name, `手上 ${person.open_jobs} 单`, `定位时间 ${seen}`, `误差约 ${Math.round(person.accuracy_m)} 米`]))
    .addTo(marks);
}

function drawGrids(grids) {
  outlines.clearLayers();
  for (const grid of grids) {
    L.geoJSON(grid.shape, { style: { color: "#0b5d57", weight: 1, fillOpacity: 0.05 } })
      .bindTooltip(element("span", grid.name), { sticky: true })
      .addTo(outlines);
  }
}

function showKey(view) {
  const notices = new Set(view.grids.map((grid) => grid.notice).filter(Boolean));
  const at = new Date(view.as_of).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai" });
  note.textContent = [...notices, `数据截至 ${at}`].join(" · ");
  if (document.querySelector(".map-key")) return;
  const list = element("ul", undefined, "map-key");
  for (const [look, words] of KEY) {
    const item = element("li");
    item.append(element("i", undefined, look), words);
    list.append(item);
  }
  place.after(list);
}

function openMap() {
  map = L.map(place, { attributionControl: false, zoomSnap: 0.5 });
  outlines = L.featureGroup().addTo(map);
  marks = L.featureGroup().addTo(map);
  map.on("popupopen", () => { reading = true; });
  map.on("popupclose", () => {
    reading = false;
    if (outdated) draw();
  });
}

async function draw() {
  outdated = reading;
  if (reading) return;
  const answer = await ask(place.dataset.source, "application/json");
  if (!answer) {
    note.textContent = "地图暂时无法更新";
    return;
  }
  const view = await answer.json();
  place.hidden = false;
  if (!map) {
    openMap();
    drawGrids(view.grids);
    const whole = outlines.getLayers().length ? outlines.getBounds() : null;
    map.setView([29.89, 110.03], 12);
    if (place.dataset.lat) map.setView([place.dataset.lat, place.dataset.lon], 14);
    else if (whole?.isValid()) map.fitBounds(whole);
  }
  marks.clearLayers();
  if (place.dataset.lat) {
    L.circleMarker([place.dataset.lat, place.dataset.lon], { radius: 18, color: "#17211f", weight: 2, fill: false }).addTo(marks);
  }
  view.people.forEach(drawPerson);
  view.jobs.toReversed().forEach(drawJob);
  showKey(view);
}

await draw();
document.addEventListener("board-refreshed", draw);
