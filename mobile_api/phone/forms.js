/* Asking for a few things: a form of fields, ready phrases for a thumb, send and back. */

import { make, tell } from "./parts.js";

const BEIJING = "+08:00";
const STAMP = new Intl.DateTimeFormat("sv-SE", {
  timeZone: "Asia/Shanghai", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
});

/* A moment as a field of day and time wants it, in Beijing time. */
export const stampOf = (moment) => STAMP.format(moment).replace(" ", "T");

/* A form. `fields`: {name, label, type, required, choices, phrases, max, help, value, id}, of type
   text (several lines), line, code (digits), choice, moment, date, number or check.
   `onsend(values)` gets what was filled in; what is empty is left out. */
export function ask({ title, why = null, fields, send, look = "primary", onsend, onclose }) {
  const asked = fields.map(control);
  const button = make("button", { type: "submit", id: "send-step", class: look }, send);
  return make("form", { class: "ask", novalidate: true, onsubmit: async (event) => {
    event.preventDefault();
    const missing = asked.find((one) => one.isRequired && one.value() === undefined);
    if (missing) {
      tell(missing.hasPhrases ? "请先写几个字，或者点一个现成的说法" : `请先填：${missing.label}`, "warn");
      missing.input.focus();
      return;
    }
    button.disabled = true;
    try {
      await onsend(Object.fromEntries(asked.map((one) => [one.name, one.value()])
        .filter(([, value]) => value !== undefined)));
    } finally {
      button.disabled = false;
    }
  } },
  title ? make("h2", {}, title) : null,
  why ? make("p", { id: "why", class: "strip warn" }, why) : null,
  asked.map((one) => one.node),
  make("div", { class: "two" }, button,
    onclose ? make("button", { type: "button", id: "cancel-step", onclick: onclose }, "返回") : null));
}

/* A select of {value: words}; `empty` is the choice of nothing. */
export const select = (attributes, choices, empty = null, value = "") => make("select", attributes,
  empty === null ? null : make("option", { value: "" }, empty),
  Object.entries(choices).map(([key, words]) => make("option", { value: key, selected: key === value }, words)));

function control(field) {
  const id = field.id ?? `f-${field.name}`;
  const shared = { id, required: field.required, maxlength: field.max ?? 500, autocomplete: "off" };
  const input = BUILD[field.type ?? "text"](shared, field);
  const label = make("label", { for: id }, field.label,
    field.required || field.type === "check" ? null : make("small", { class: "quiet" }, "（可不填）"));
  const node = field.type === "check"
    ? make("label", { class: "tick" }, input, field.label)
    : make("div", { class: "field" }, label, field.help ? make("p", { class: "quiet" }, field.help) : null,
      field.phrases ? phrasesFor(field.phrases, input) : null, input);
  return {
    ...field, node, input, isRequired: field.required, hasPhrases: Boolean(field.phrases),
    value: () => VALUE[field.type ?? "text"](input),
  };
}

const line = (more) => (shared, field) => make("input", { type: "text", ...shared, ...more, value: field.value });
const BUILD = {
  text: (shared, field) => make("textarea", { rows: 3, ...shared }, field.value ?? ""),
  line: line({}),
  code: line({ inputmode: "numeric" }),
  number: line({ inputmode: "decimal" }),
  moment: line({ type: "datetime-local" }),
  date: line({ type: "date" }),
  check: (shared, field) => make("input", { type: "checkbox", id: shared.id, checked: field.value }),
  choice: (shared, field) => select({ id: shared.id, required: field.required }, field.choices, "请选择", field.value),
};

const words = (input) => input.value.trim() || undefined;
const VALUE = {
  text: words, line: words, code: words, choice: words, date: words, number: words,
  moment: (input) => (input.value ? new Date(`${input.value}:00${BEIJING}`).toISOString() : undefined),
  check: (input) => input.checked || undefined,
};

function phrasesFor(phrases, input) {
  const add = (phrase) => { input.value = [input.value.trim(), phrase].filter(Boolean).join("，"); };
  return make("div", { class: "phrases" }, phrases.map((phrase) => make("button",
    { type: "button", class: "phrase", onclick: () => add(phrase) }, phrase)));
}

/* A place where one form at a time opens below its buttons: {node, open, close, isOpen}. */
export function panelFor(buttons) {
  const node = make("div", { class: "panel" });
  const panel = {
    node, isOpen: false,
    open(form) {
      panel.isOpen = true;
      buttons.hidden = true;
      node.replaceChildren(form);
      node.scrollIntoView({ block: "nearest" });
      if (matchMedia("(pointer: fine)").matches) node.querySelector("textarea, input, select")?.focus();
    },
    close() {
      panel.isOpen = false;
      buttons.hidden = false;
      node.replaceChildren();
    },
  };
  return panel;
}
