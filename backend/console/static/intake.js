// The screen for a call: its time begins with the first key, the customer is found without leaving
// what was typed, and the chosen kind shows its form. Without this file the page still works.
import { refetch } from "./parts.js";

const take = document.getElementById("take");
const find = document.getElementById("find");
const kind = document.getElementById("kind");
const calledAt = take.elements.namedItem("called_at");
const call = document.getElementById("call");
const customers = document.getElementById("customers");
const account = document.getElementById("account");

function showCall() {
  if (!calledAt.value) return;
  const began = new Date(calledAt.value);
  const time = began.toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" });
  call.textContent = `通话从 ${time} 开始计时`;
  call.hidden = false;
}

function begin() {
  if (calledAt.value || take.elements.namedItem("channel").value !== "phone") return;
  // A second early, for a clock here may run ahead of the server's.
  calledAt.value = new Date(Date.now() - 1000).toISOString();
  showCall();
}

function showForm() {
  for (const part of take.querySelectorAll("fieldset[data-kind]")) {
    const chosen = part.dataset.kind === kind.value;
    part.hidden = !chosen;
    part.disabled = !chosen;
  }
  find.elements.namedItem("kind").value = kind.value;
}

async function search(event) {
  event.preventDefault();
  const asked = new URLSearchParams({ q: find.elements.namedItem("q").value, kind: kind.value });
  await refetch(customers, `/console/tickets/new/customers?${asked}`);
  customers.querySelector("[data-account]")?.focus();
}

async function choose(event) {
  const picked = event.target.closest("[data-account]");
  if (!picked) return;
  event.preventDefault();
  const asked = new URLSearchParams({ account_no: picked.dataset.account });
  await refetch(account, `/console/tickets/new/account?${asked}`);
  customers.replaceChildren();
  take.elements.namedItem("description").focus();
}

document.querySelector("main").addEventListener("input", begin);
kind.addEventListener("change", showForm);
find.addEventListener("submit", search);
customers.addEventListener("click", choose);
showForm();
showCall();
