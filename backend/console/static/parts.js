// Fetching a part of a page again. The server has escaped it; it is parsed as a document that runs
// nothing and moved over node by node.
const token = () => document.getElementById("alarms").dataset.token;

const running = new Map();
const shown = new WeakMap();

export function refetch(place, address) {
  // One fetch at a time for a place; what comes meanwhile is one more afterwards.
  const now = running.get(place);
  if (now) {
    now.again = true;
    return now.done;
  }
  const state = { again: false };
  running.set(place, state);
  state.done = (async () => {
    do {
      state.again = false;
      await fetchOnce(place, address);
    } while (state.again);
  })().finally(() => running.delete(place));
  return state.done;
}

// The answer to a question, or null when there is none now; who is signed out goes to the sign-in.
export async function ask(address, kind) {
  let answer;
  try {
    answer = await fetch(address, {
      headers: { Accept: kind, "X-CSRF-Token": token() },
      credentials: "same-origin",
      redirect: "error",
    });
  } catch {
    return null; // No network: the line at the bottom says so, and the next hint tries again.
  }
  if (answer.status === 401) {
    const here = encodeURIComponent(location.pathname + location.search);
    location.assign(`/console/sign-in?next=${here}`);
  }
  return answer.ok ? answer : null;
}

async function fetchOnce(place, address) {
  const answer = await ask(address, "text/html");
  if (!answer) return;
  const text = await answer.text();
  // The same again is not put in again: a reader's voice would say it again.
  if (shown.get(place) === text) return;
  shown.set(place, text);
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  const picked = [...place.querySelectorAll("[data-pick]:checked")].map((box) => box.id);
  place.replaceChildren(...fresh.body.childNodes);
  // What somebody had picked stays picked, with the version that they saw no more: it is fresh.
  for (const id of picked) {
    const box = document.getElementById(id);
    if (box) box.checked = true;
  }
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}
