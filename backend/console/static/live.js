// Hints over server-sent events: many hints in a moment are one refresh; without a connection the
// page asks by itself, and says so.
const GATHER_MS = 300;
const ASK_MS = 30000;
const LOST_MS = 15000;

export function followLive({ source, heard, resync }) {
  const state = document.getElementById("live-state");
  let stream = null;
  let timer = 0;
  let wait_ms = 1000;

  function say(words) {
    state.textContent = `实时更新：${words}`;
  }

  function soon() {
    if (timer) return;
    timer = setTimeout(() => {
      timer = 0;
      resync();
    }, GATHER_MS);
  }

  function open() {
    stream = new EventSource(source);
    stream.addEventListener("open", () => {
      wait_ms = 1000;
      say("已连接");
    });
    stream.addEventListener("hint", (event) => {
      heard(JSON.parse(event.data));
      soon();
    });
    stream.addEventListener("resync", soon);
    stream.addEventListener("error", () => {
      say("连接中断，正在重连；每半分钟自动刷新");
      if (stream.readyState === EventSource.CLOSED) {
        // Refused (signed out, too many pages): asking shows which; then try again, slower.
        resync();
        setTimeout(open, wait_ms);
        wait_ms = Math.min(wait_ms * 2, LOST_MS);
      }
    });
  }

  open();
  setInterval(() => {
    if (document.visibilityState === "visible") resync();
  }, ASK_MS);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") resync();
  });
  // A page kept in the browser's memory must not hold a connection.
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) open();
  });
}
