/* Sending a tap: once however often it is tapped, kept while the server cannot be reached. */

import { Refused, Unreachable, intend, perform, unsent } from "./api.js";
import { byId, tell } from "./parts.js";

/* What may differ between two taps that mean the same. */
const PASSING = new Set(["occurred_at", "position", "version"]);

const meant = (body) => JSON.stringify(Object.entries(body ?? {})
  .filter(([name, value]) => !PASSING.has(name) && value !== undefined).sort());

/* The same tap again is the same intent with its first key; null while another one waits. */
export function intentFor(path, body, words) {
  const kept = unsent();
  if (!kept) return intend(path, body, words);
  return kept.path === path && meant(kept.body) === meant(body) ? kept : null;
}

/* Send a tap, also one that was kept: {outcome: done, unreachable or refused, answer, error}. */
export async function sendIntent(intent) {
  try {
    const answer = await perform(intent);
    tell(intent.done ?? "已完成");
    return { outcome: "done", answer };
  } catch (error) {
    if (error instanceof Unreachable) {
      tell("");
      return { outcome: "unreachable", error };
    }
    if (!(error instanceof Refused)) throw error;
    const isStale = error.code === "stale_version";
    tell(isStale ? "刚刚被别人更新了，已重新读取，请看清再操作。" : error.message, isStale ? "warn" : "bad");
    return { outcome: "refused", error };
  } finally {
    showUnsent();
  }
}

/* Tap and send; "waiting" when another step has not got through yet. */
export async function act(path, body, words) {
  const intent = intentFor(path, body, words);
  if (intent) return sendIntent(intent);
  tell("上面还有一步没有送到，请先再发一次或者放弃它。", "warn");
  return { outcome: "waiting" };
}

/* The bar about a step that did not get through. */
export function showUnsent() {
  const intent = unsent();
  byId("unsent").hidden = intent === null;
  if (intent) {
    byId("unsent").querySelector("p").textContent
      = `“${(intent.label ?? "这一步").replace("…", "")}”没有确认送到。网络好了再发一次，不会重复登记。`;
  }
}
