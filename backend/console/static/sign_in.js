// Signing in without losing the password when the code is asked for: it stays in its field, in this
// page only. Without this script the form works by itself.
const form = document.getElementById("sign-in");
const problem = document.getElementById("problem");
const code = form.elements.code;

function say(words) {
  problem.textContent = words;
  problem.hidden = false;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "application/json", "X-CSRF-Token": form.elements.csrf_token.value },
      redirect: "error",
    });
    const said = await answer.json();
    if (answer.ok) {
      location.replace(said.location);
      return;
    }
    say(said.detail);
    if (said.code === "second_factor_needed") {
      code.required = true;
      code.focus();
    } else {
      code.value = "";
      form.elements.password.select();
    }
  } catch {
    say("连不上系统，请检查网络后再试");
  }
  button.disabled = false;
});
