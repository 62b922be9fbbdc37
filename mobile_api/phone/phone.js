/* The page as a whole: which screen is shown, who is signed in, what the live stream says. */

import { Refused, Unreachable, dropUnsent, maySignIn, read, signIn, signOut, unsent, whenSignedOut } from "./api.js";
import { forgetPictures } from "./evidence.js";
import { businessNow } from "./limits.js";
import { follow, leave } from "./live.js";
import { setMe } from "./me.js";
import { byId, make, tell, timeWithSeconds } from "./parts.js";
import { whenPasswordIsNew } from "./password.js";
import { OVER_A_PLACE, placesOf, screenOf, showPlaces } from "./places.js";
import { sendIntent, showUnsent } from "./sending.js";
import { forgetToday, readToday, showKnown } from "./today.js";
import { sendAll } from "./uploads.js";
import { DONE } from "./words.js";

const GATHER_MS = 150; // several hints of one step are one reading
const AGAIN_MS = 5000;
const DOUBT_MS = 2000;
const WAY_MAX = 20;
const body = document.body;
const main = byId("main");

let reread = null; // reads the shown screen again in place, or null where there is none
let turn = 0;
let lastRead = null;
let again = null;

/* ---- which screen ---- */

async function open() {
  const mine = ++turn;
  reread = null;
  if (!maySignIn()) return signInScreen("");
  const { screen, title, show, asked } = screenOf(location.hash);
  frame(screen, title);
  const place = make("div");
  const isKnown = screen === "today" && showKnown(place, () => refresh());
  main.replaceChildren(isKnown ? place : make("p", { class: "empty", id: "loading" }, "正在读取…"));
  await attempt(async () => {
    const update = await show(place, asked, screen === "job" ? afterStep : refresh);
    if (mine !== turn) return;
    main.replaceChildren(place);
    reread = screen === "today" ? () => show(place, null, refresh) : update;
    window.scrollTo(0, 0);
  }, () => { if (mine === turn) open(); });
}

function frame(screen, title) {
  body.dataset.screen = screen;
  document.title = `${title} · 网格手机`;
  byId("title").textContent = title;
  const isIn = screen !== "sign-in";
  byId("top").hidden = byId("places").hidden = !isIn;
  byId("back").hidden = !OVER_A_PLACE.has(screen);
  for (const one of byId("places").children) {
    if (one.id === placesOf(screen)) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
}

/* Do something that reads; says so when the server cannot be reached, and tries again later. */
async function attempt(work, retry) {
  const mine = turn;
  clearTimeout(again);
  try {
    await work();
    lastRead = businessNow();
    byId("offline").hidden = true;
    return true;
  } catch (error) {
    if (error instanceof Unreachable) {
      offline(error);
      again = setTimeout(retry, AGAIN_MS);
    } else if (error instanceof Refused) {
      // What was refused on a screen that is gone concerns nobody any more.
      if (error.status !== 401 && mine === turn) refused(error);
    } else throw error;
    return false;
  }
}

function offline(error) {
  const since = lastRead && !byId("loading") ? `现在显示的是 ${timeWithSeconds(lastRead)} 的数据，` : "";
  byId("offline").textContent = `${error.message}。${since}会自动再试。`;
  byId("offline").hidden = false;
}

let farewell = null; // what is still to be said on the screen that comes next

/* Back to my jobs: there is nothing left to do or to see here. */
function leaveFor(words, look) {
  farewell = { words, look };
  location.replace("#/");
}

/* A step was taken, or refused: a job that I declined is no longer mine. */
async function afterStep(verb) {
  if (verb === "decline") leaveFor(DONE.decline, "good");
  else await refresh();
}

function refused(error) {
  if (error.status === 404 && reread && body.dataset.screen === "job") {
    leaveFor("这个工单已经派给别人了", "warn");
    return;
  }
  tell(error.message, "bad");
  const waiting = byId("loading");
  if (waiting) waiting.textContent = error.status === 404 ? "这里没有您能看的内容，可能已经派给别人了。" : error.message;
}

async function refresh() {
  if (!reread) return open();
  const mine = turn;
  let isChanged;
  await attempt(async () => { isChanged = await reread(); }, () => { if (mine === turn) refresh(); });
  return isChanged;
}

/* ---- signing in and out ---- */

function signInScreen(words) {
  turn++;
  leave();
  reread = null;
  lastRead = null;
  forgetToday();
  forgetPictures();
  setMe(null);
  clearTimeout(again);
  frame("sign-in", "登录");
  for (const one of ["offline", "unsent", "first-password", "notice"]) byId(one).hidden = true;
  byId("me").textContent = "";
  main.replaceChildren(byId("sign-in-screen").content.cloneNode(true));
  problem(words);
  byId("sign-in-form").addEventListener("submit", submit);
}

function problem(words) {
  byId("problem").hidden = !words;
  byId("problem").textContent = words;
}

async function submit(event) {
  event.preventDefault();
  const button = byId("sign-in");
  button.disabled = true;
  button.textContent = "正在登录…";
  try {
    await signIn(byId("employee-no").value.trim(), byId("password").value);
    await begin();
  } catch (error) {
    if (!(error instanceof Refused) && !(error instanceof Unreachable)) throw error;
    problem(error.message);
    byId("password").select();
  } finally {
    button.disabled = false;
    button.textContent = "登录";
  }
}

whenPasswordIsNew(async () => {
  await begin();
  tell("密码改好了，可以办理工单了。", "good");
});

async function begin() {
  await attempt(async () => {
    // The worklist tells business time, which every screen compares its limits with.
    const [me] = await Promise.all([read("/me"), readToday()]);
    setMe(me);
    showPlaces(byId("places"));
    byId("me").textContent = me.staff.name;
    byId("first-password").hidden = !me.must_change_password;
  }, begin);
  if (!maySignIn()) return;
  follow(hear, lineIs);
  showUnsent();
  sendAll();
  await open();
}

/* ---- live ---- */

let gathering = null;

function hear() {
  clearTimeout(gathering);
  gathering = setTimeout(async () => {
    if (!reread) return;
    const isTyping = document.querySelector(".panel form") !== null;
    if (await refresh() && isTyping) tell("刚刚有变化，内容已更新。", "warn");
  }, GATHER_MS);
}

let doubt = null;

/* A line that is down may be all that tells of a lost network: look after a moment. */
function lineIs(isOpen) {
  body.dataset.live = isOpen ? "on" : "off";
  clearTimeout(doubt);
  if (!isOpen) doubt = setTimeout(check, DOUBT_MS);
}

/* Ask the server anything: the shown screen again, or only whether it answers. */
function check() {
  if (!maySignIn() || document.hidden) return;
  if (byId("loading")) open();
  else attempt(reread ?? (() => read("/me")), check);
}

/* ---- what stands on every screen ---- */

byId("sign-out").addEventListener("click", async () => {
  await signOut().catch((error) => { if (!(error instanceof Refused || error instanceof Unreachable)) throw error; });
  history.replaceState(null, "", "#/");
  signInScreen("");
});
byId("back").addEventListener("click", () => {
  // Where one came from, as long as that was a screen of this page.
  if (wayHere.length > 1) {
    wayHere.pop();
    location.hash = wayHere.pop();
  } else location.hash = byId("places").querySelector("[aria-current]")?.getAttribute("href") ?? "#/";
});
byId("send-again").addEventListener("click", async (event) => {
  event.currentTarget.disabled = true;
  const intent = unsent();
  const { outcome } = intent ? await sendIntent(intent) : { outcome: "done" };
  byId("send-again").disabled = false;
  // Opened anew, so that words which have now arrived do not stand there to be sent once more.
  if (outcome !== "unreachable") await open();
});
byId("drop-unsent").addEventListener("click", () => {
  dropUnsent();
  showUnsent();
  refresh();
});
const wayHere = [];
addEventListener("hashchange", () => {
  if (!OVER_A_PLACE.has(screenOf(location.hash).screen)) wayHere.length = 0;
  wayHere.push(location.hash);
  if (wayHere.length > WAY_MAX) wayHere.shift();
  tell(farewell?.words ?? "", farewell?.look);
  farewell = null;
  open();
});
addEventListener("online", check);
addEventListener("offline", check);
document.addEventListener("visibilitychange", () => { if (!document.hidden && reread) refresh(); });
whenSignedOut(signInScreen);

if (maySignIn()) begin();
else signInScreen("");
