/* A pad to sign on with a finger; what was signed becomes a picture. */

import { make, tell } from "./parts.js";

const WIDTH = 600;
const HEIGHT = 300;

/* `onsigned(file)` gets a PNG; `onclose` is the way back. */
export function signaturePad(onsigned, onclose) {
  const canvas = make("canvas", { id: "signature", width: WIDTH, height: HEIGHT, "aria-label": "请客户在这里签名" });
  const pen = canvas.getContext("2d");
  let isDrawing = false;
  let strokes = 0;
  const clear = () => {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, WIDTH, HEIGHT);
    pen.strokeStyle = "#0c1413";
    pen.lineWidth = 5;
    pen.lineCap = pen.lineJoin = "round";
    strokes = 0;
  };
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * WIDTH) / box.width, ((event.clientY - box.top) * HEIGHT) / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    isDrawing = true;
    pen.beginPath();
    pen.moveTo(...at(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!isDrawing) return;
    pen.lineTo(...at(event));
    pen.stroke();
    strokes += 1;
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { isDrawing = false; });
  clear();
  const use = () => {
    if (strokes < 3) {
      tell("还没有签名", "warn");
      return;
    }
    canvas.toBlob((blob) => onsigned(new File([blob], "signature.png", { type: "image/png" })), "image/png");
  };
  return make("div", { class: "ask" }, make("h2", {}, "请客户签名"), canvas,
    make("button", { type: "button", id: "use-signature", class: "primary", onclick: use }, "用这个签名"),
    make("div", { class: "two" },
      make("button", { type: "button", onclick: clear }, "重新签"),
      make("button", { type: "button", onclick: onclose }, "返回")));
}
