/* The live stream. An EventSource cannot send a bearer token, so it is read with fetch. */

import { Refused, Unreachable, maySignIn, token } from "./api.js";

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/* The server says something every ten seconds; longer silence is a dead line. */
const SILENCE_MS = 25_000;

const sleep = (pauseMs) => new Promise((wake) => {
  const timer = setTimeout(wake, pauseMs);
  addEventListener("online", () => { clearTimeout(timer); wake(); }, { once: true });
});

let running = null;

/* Start following; `hear(event)` gets "hint" and "resync", `state(isOpen)` how the line stands. */
export function follow(hear, state) {
  leave();
  const mine = { over: false, cut: null };
  running = mine;
  keepOn(mine, hear, state);
}

export function leave() {
  if (!running) return;
  running.over = true;
  running.cut?.abort();
  running = null;
}

async function keepOn(mine, hear, state) {
  let pauseMs = FIRST_PAUSE_MS;
  let isOldRefused = false;
  while (!mine.over) {
    const began = Date.now();
    try {
      isOldRefused = !(await readOnce(mine, hear, state, isOldRefused));
    } catch (error) {
      if (error instanceof Refused && error.status === 401 && !maySignIn()) return;
      if (!(error instanceof Unreachable) && !(error instanceof Refused)) console.info("live", error);
    }
    if (mine.over) return;
    state(false);
    if (Date.now() - began > LONGEST_PAUSE_MS) pauseMs = FIRST_PAUSE_MS;
    await sleep(pauseMs * (0.75 + Math.random() / 2));
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

/* One stream until it ends; false when the token was refused. */
async function readOnce(mine, hear, state, isOldRefused) {
  mine.cut = new AbortController();
  const bearer = await token(isOldRefused);
  if (mine.over) return true;
  let watch = setTimeout(() => mine.cut.abort(), SILENCE_MS);
  try {
    const answer = await fetch("/api/v1/live", {
      headers: { Authorization: `Bearer ${bearer}`, Accept: "text/event-stream" },
      cache: "no-store", credentials: "omit", signal: mine.cut.signal,
    });
    if (answer.status === 401) return false;
    if (!answer.ok) throw new Unreachable();
    state(true);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return true;
      clearTimeout(watch);
      watch = setTimeout(() => mine.cut.abort(), SILENCE_MS);
      const messages = (text + value).split("\n\n");
      text = messages.pop();
      for (const message of messages) {
        const kind = /^event: (\w+)$/m.exec(message);
        if (kind) hear(kind[1]);
      }
    }
  } catch (error) {
    if (mine.over || error.name === "AbortError" || error instanceof TypeError) return true;
    throw error;
  } finally {
    clearTimeout(watch);
  }
}
