/* A small map without tiles: metres around a place, homes as marks, one pin. */

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 480, HEIGHT = 320;
const METRES_PER_DEGREE = 111_320;
const STEPS = [5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];
const NEAREST = 0.05, FARTHEST = 200; // metres per pixel

function draw(parent, name, attributes, text) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
}

export class PlaceMap {
  /* `home` and the pin are {lat, lon} in WGS-84 degrees; `onMove` hears of every new pin. */
  constructor(svg, home, hasHome, onMove) {
    Object.assign(this, { svg, home, hasHome, onMove, neighbours: [] });
    this.pin = { ...home };
    this.centre = { ...home };
    this.metresPerPixel = 1.5;
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    svg.addEventListener("pointerdown", (event) => this.grab(event));
    svg.addEventListener("pointermove", (event) => this.drag(event));
    svg.addEventListener("pointerup", (event) => this.drop(event));
    svg.addEventListener("wheel", (event) => { event.preventDefault(); this.zoom(event.deltaY > 0 ? 1.25 : 0.8); });
    svg.addEventListener("keydown", (event) => this.key(event));
    this.redraw();
  }

  metresPerLongitude() { return METRES_PER_DEGREE * Math.cos(this.home.lat * Math.PI / 180); }

  pixel(place) {
    return [WIDTH / 2 + (place.lon - this.centre.lon) * this.metresPerLongitude() / this.metresPerPixel,
      HEIGHT / 2 - (place.lat - this.centre.lat) * METRES_PER_DEGREE / this.metresPerPixel];
  }

  shifted(place, eastPixels, southPixels) {
    return { lat: place.lat - southPixels * this.metresPerPixel / METRES_PER_DEGREE,
      lon: place.lon + eastPixels * this.metresPerPixel / this.metresPerLongitude() };
  }

  /* Pointer position in the drawing's own pixels. */
  at(event) {
    const box = this.svg.getBoundingClientRect();
    return [(event.clientX - box.left) * WIDTH / box.width, (event.clientY - box.top) * HEIGHT / box.height];
  }

  grab(event) {
    this.svg.setPointerCapture(event.pointerId);
    this.held = { from: this.at(event), centre: this.centre, moved: false };
  }

  drag(event) {
    if (!this.held) return;
    const [x, y] = this.at(event);
    const east = this.held.from[0] - x, south = this.held.from[1] - y;
    if (Math.hypot(east, south) > 6) this.held.moved = true;
    if (!this.held.moved) return;
    this.centre = this.shifted(this.held.centre, east, south);
    this.redraw();
  }

  drop(event) {
    const held = this.held;
    this.held = undefined;
    if (!held || held.moved) return;
    const [x, y] = this.at(event);
    this.put(this.shifted(this.centre, x - WIDTH / 2, y - HEIGHT / 2));
  }

  key(event) {
    const moves = { ArrowUp: [0, -8], ArrowDown: [0, 8], ArrowLeft: [-8, 0], ArrowRight: [8, 0] };
    if (event.key in moves) this.put(this.shifted(this.pin, ...moves[event.key]));
    else if (event.key === "+" || event.key === "=") this.zoom(0.8);
    else if (event.key === "-") this.zoom(1.25);
    else return;
    event.preventDefault();
  }

  zoom(factor) {
    this.metresPerPixel = Math.min(FARTHEST, Math.max(NEAREST, this.metresPerPixel * factor));
    this.redraw();
  }

  /* Move the pin, and the view after it when it would leave the drawing. */
  put(place) {
    this.pin = { lat: Math.min(90, Math.max(-90, place.lat)), lon: Math.min(180, Math.max(-180, place.lon)) };
    const [x, y] = this.pixel(this.pin);
    if (x < 16 || y < 28 || x > WIDTH - 16 || y > HEIGHT - 8) this.centre = { ...this.pin };
    this.redraw();
    this.onMove(this.pin);
  }

  /* Where the pin is, in words. */
  words() {
    const east = Math.round((this.pin.lon - this.home.lon) * this.metresPerLongitude());
    const north = Math.round((this.pin.lat - this.home.lat) * METRES_PER_DEGREE);
    if (!east && !north) return this.hasHome ? "图钉在家里" : "图钉在地图中心";
    const parts = [];
    if (east) parts.push(`${east > 0 ? "东" : "西"} ${Math.abs(east)} 米`);
    if (north) parts.push(`${north > 0 ? "北" : "南"} ${Math.abs(north)} 米`);
    return `图钉在${this.hasHome ? "家" : "中心"}的${parts.join("，")}`;
  }

  redraw() {
    this.svg.replaceChildren();
    const step = STEPS.find((metres) => metres / this.metresPerPixel >= 60) ?? STEPS.at(-1);
    this.lines(step / this.metresPerPixel);
    for (const one of this.neighbours) this.dot(one);
    if (this.hasHome) this.house();
    const [x, y] = this.pixel(this.pin);
    draw(this.svg, "path", { class: "pin", d: `M${x} ${y}l-9-17a10 10 0 1 1 18 0z` });
    const length = step / this.metresPerPixel;
    draw(this.svg, "path", { class: "scale", d: `M12 ${HEIGHT - 18}v6h${length}v-6` });
    draw(this.svg, "text", { x: 16, y: HEIGHT - 20 }, step >= 1000 ? `${step / 1000} 公里` : `${step} 米`);
    draw(this.svg, "text", { x: WIDTH - 22, y: 18 }, "北↑");
  }

  lines(gap) {
    const [x, y] = this.pixel(this.home);
    for (let at = ((x % gap) + gap) % gap; at < WIDTH; at += gap) {
      draw(this.svg, "path", { class: "line", d: `M${at} 0V${HEIGHT}` });
    }
    for (let at = ((y % gap) + gap) % gap; at < HEIGHT; at += gap) {
      draw(this.svg, "path", { class: "line", d: `M0 ${at}H${WIDTH}` });
    }
  }

  dot(neighbour) {
    const [x, y] = this.pixel(neighbour);
    if (x > -20 && y > -20 && x < WIDTH + 20 && y < HEIGHT + 20) {
      draw(this.svg, "circle", { class: "neighbour", cx: x, cy: y, r: 4 });
      if (this.metresPerPixel <= 1) draw(this.svg, "text", { x: x + 6, y: y + 4 }, neighbour.nickname);
    }
  }

  house() {
    const [x, y] = this.pixel(this.home);
    draw(this.svg, "path", { class: "home", d: `M${x - 8} ${y + 7}v-8l8-8 8 8v8z` });
    draw(this.svg, "text", { x: x + 11, y: y + 6 }, "家");
  }
}
