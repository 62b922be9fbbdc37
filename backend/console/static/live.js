// Hints over server-sent events: many hints in a moment are one refresh; without a connection the
// page asks by itself, and says so.
const GATHER_MS = 300;
const ASK_MS = 30000;
const LOST_MS = 15000;

export function followLive({ source, heard, resync, whileHidden }) {
  const state = document.getElementById("live-state");
  let stream = null;
  let timer = 0;
  let wait_ms = 1000;

  const wanted = () => whileHidden || document.visibilityState === "visible";
  const closed = () => stream === null || stream.readyState === EventSource.CLOSED;

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
      if (closed() && wanted()) {
        // Refused (signed out, too many pages): asking shows which; then try again, slower.
        resync();
        setTimeout(() => {
          if (closed() && wanted()) open();
        }, wait_ms);
        wait_ms = Math.min(wait_ms * 2, LOST_MS);
      }
    });
  }

  // A browser holds six connections to one address: pages in the background give theirs back, but
  // for the board, whose title is the alarm.
  function openIfWanted() {
    if (wanted() && closed()) open();
    else if (wanted()) resync();
    else {
      stream?.close();
      say("页面在后台，已暂停");
    }
  }

  openIfWanted();
  document.addEventListener("visibilitychange", openIfWanted);
  setInterval(() => {
    if (document.visibilityState === "visible") resync();
  }, ASK_MS);
  // A page kept in the browser's memory must not hold a connection.
  addEventListener("pagehide", () => stream?.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) openIfWanted();
  });
}
