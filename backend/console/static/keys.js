// Keys for people who live on the board all day. They can be switched off.
const typing = (node) => node.closest("input, select, textarea, [contenteditable]") !== null;

export function openKeys({ refresh, flash }) {
  const dialog = document.getElementById("keys");
  const button = document.getElementById("keys-open");
  const on = document.getElementById("keys-on");
  const flashing = document.getElementById("flash-on");
  let afterG = false;

  button.hidden = false;
  button.addEventListener("click", () => dialog.showModal());
  on.checked = localStorage.getItem("keys") !== "off";
  on.addEventListener("change", () => localStorage.setItem("keys", on.checked ? "on" : "off"));
  flashing.checked = localStorage.getItem("flash") === "on";
  flashing.addEventListener("change", () => {
    localStorage.setItem("flash", flashing.checked ? "on" : "off");
    flash();
  });

  function step(by) {
    const rows = [...document.querySelectorAll("[data-row]")];
    if (!rows.length) return;
    const now = rows.indexOf(document.activeElement);
    const next = now < 0 ? (by > 0 ? 0 : rows.length - 1) : now + by;
    rows[Math.max(0, Math.min(rows.length - 1, next))].focus();
  }

  function go(key) {
    const place = [...document.querySelectorAll("[data-go]")].find((link) => link.dataset.go === key);
    if (place) location.assign(place.href);
  }

  const acts = {
    "/": () => document.querySelector("[data-search]")?.focus(),
    j: () => step(1),
    k: () => step(-1),
    r: refresh,
    "?": () => dialog.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (!on.checked || dialog.open || typing(event.target)) return;
    if (afterG) {
      afterG = false;
      go(event.key);
      return;
    }
    if (event.key === "g") {
      afterG = true;
      setTimeout(() => { afterG = false; }, 1500);
      return;
    }
    const act = acts[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
}
