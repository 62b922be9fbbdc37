// Sends a file of orders as it is and shows the report; without scripts there is `wangge import`.
const form = document.getElementById("province-file");
const report = document.getElementById("province-report");

function say(words) {
  const line = document.createElement("p");
  line.className = "notice bad";
  line.setAttribute("role", "alert");
  line.textContent = words;
  report.replaceChildren(line);
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const file = form.querySelector("input[type=file]").files[0];
  const button = form.querySelector("button");
  if (!file || button.disabled) return;
  button.disabled = true;
  try {
    const answer = await fetch("/console/province/file", {
      method: "POST",
      headers: { "X-CSRF-Token": form.dataset.token, "Content-Type": "text/csv" },
      body: file,
    });
    if (!answer.ok) {
      say(answer.status === 413 ? "文件过大，请分成几个文件导入。" : "没有导入，请刷新页面后重试。");
      return;
    }
    const parts = new DOMParser().parseFromString(await answer.text(), "text/html");
    report.replaceChildren(...parts.body.childNodes);
  } catch {
    say("网络不通，不能确定是否已导入；可以用同一文件再试一次，不会重复。");
  } finally {
    button.disabled = false;
  }
});
