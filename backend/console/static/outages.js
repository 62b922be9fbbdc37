// Choosing districts: the ticks fill the field with their numbers, and the field sets the ticks.
const field = document.getElementById("districts");
const boxes = [...document.querySelectorAll("[data-district]")];
const sum = document.getElementById("chosen");
const kind = document.getElementById("kind");

const numbers = () => field.value.split(/[\s,，]+/).filter(Boolean);

function show() {
  const chosen = new Set(numbers());
  let accounts = 0;
  for (const box of boxes) {
    box.checked = chosen.has(box.dataset.district);
    if (box.checked) accounts += Number(box.dataset.accounts);
  }
  for (const all of document.querySelectorAll("[data-all]")) {
    const own = [...all.closest("details").querySelectorAll("[data-district]")];
    all.checked = own.length > 0 && own.every((box) => box.checked);
    all.indeterminate = !all.checked && own.some((box) => box.checked);
  }
  sum.textContent = `已选 ${chosen.size} 个台区，${accounts} 户`;
}

function fill() {
  const known = new Set(boxes.map((box) => box.dataset.district));
  const others = numbers().filter((one) => !known.has(one));
  const ticked = boxes.filter((box) => box.checked).map((box) => box.dataset.district);
  field.value = [...ticked, ...others].join(" ");
  show();
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) {
    for (const box of event.target.closest("details").querySelectorAll("[data-district]")) {
      box.checked = event.target.checked;
    }
    fill();
  } else if (event.target.matches("[data-district]")) fill();
  else if (event.target === field) show();
});

// A fault has begun already; the others are told ahead and need their end.
function fit() {
  const fault = kind.value === "fault";
  document.getElementById("late").hidden = fault;
  document.getElementById("end-needed").textContent = fault ? "（不知道可先不填）" : "（必填）";
}
if (kind) {
  kind.addEventListener("change", fit);
  fit();
}
document.getElementById("picks").hidden = false;
show();
