/* A first password is changed before anything else can be done. */

import { Refused, Unreachable, changePassword } from "./api.js";
import { byId } from "./parts.js";

function say(words) {
  byId("password-problem").hidden = !words;
  byId("password-problem").textContent = words;
}

/* `done` runs after the new password is stored. */
export function whenPasswordIsNew(done) {
  byId("first-password").addEventListener("submit", async (event) => {
    event.preventDefault();
    const fresh = byId("new-password").value;
    if (fresh !== byId("same-password").value) return say("两次输入的新密码不一样");
    const button = byId("change-password");
    button.disabled = true;
    try {
      await changePassword(byId("old-password").value, fresh);
      say("");
      byId("first-password").reset();
      await done();
    } catch (error) {
      if (!(error instanceof Refused) && !(error instanceof Unreachable)) throw error;
      say(error.message);
    } finally {
      button.disabled = false;
    }
  });
}
