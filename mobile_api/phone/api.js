/* The way to the server: the sign-in, reading, and steps that are sent once however often tapped.

   The access token lives in memory only. The refresh token is in sessionStorage, so that a reload
   keeps the sign-in and a closed tab ends it. */

const REFRESH = "wangge.refresh";
const UNSENT = "wangge.unsent";
const DEVICE = "wangge.device";
const EARLY_MS = 30_000;
const ANSWER_WITHIN_MS = 25_000;

let access = null; // { token, until } with `until` by the phone's clock
let refreshing = null;
let onSignedOut = () => {};

/* The server cannot be reached, or cannot answer now: the same may be tried again. */
export class Unreachable extends Error {}

/* A refusal of the server: `code`, `detail` in Chinese, and small facts beside them. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `服务器拒绝了（${status}）`);
    this.status = status;
    this.code = problem.code ?? "unknown";
    this.facts = problem;
  }
}

export const whenSignedOut = (listener) => { onSignedOut = listener; };
export const maySignIn = () => sessionStorage.getItem(REFRESH) !== null;

/* A key for one intended effect; randomUUID exists only where the address is https or local. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function deviceId() {
  let name = localStorage.getItem(DEVICE);
  if (!name) {
    name = `web-${newKey()}`;
    localStorage.setItem(DEVICE, name);
  }
  return name;
}

async function fetched(method, path, { body, headers = {}, token, accept = "application/json" }) {
  const sent = { Accept: accept, ...headers };
  if (token) sent.Authorization = `Bearer ${token}`;
  const isFile = body instanceof Blob;
  if (body !== undefined) sent["Content-Type"] = isFile ? "application/octet-stream" : "application/json";
  return fetch(`/api/v1${path}`, {
    method, headers: sent, cache: "no-store", credentials: "omit",
    body: body === undefined || isFile ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
}

/* One call. `isFile`: the answer is a Blob. Throws Unreachable or Refused. */
async function send(method, path, options = {}) {
  let answer, text;
  try {
    answer = await fetched(method, path, options);
    if (answer.ok && options.isFile) return await answer.blob();
    text = await answer.text();
  } catch {
    throw new Unreachable("没有网络，或者服务器没有回答");
  }
  let said = null;
  try {
    said = text ? JSON.parse(text) : null;
  } catch {
    throw new Unreachable("收到的不是本系统的回答，请检查网络");
  }
  if (answer.ok) return said;
  if (answer.status >= 500) throw new Unreachable(said?.detail || "服务器暂时忙，请稍后再试");
  throw new Refused(answer.status, said ?? {});
}

function keep(tokens) {
  access = { token: tokens.access_token, until: Date.now() + tokens.expires_in * 1000 };
  sessionStorage.setItem(REFRESH, tokens.refresh_token);
  return tokens.staff;
}

function forget() {
  access = null;
  sessionStorage.removeItem(REFRESH);
}

export async function signIn(employeeNo, password) {
  const body = { employee_no: employeeNo, password, device_id: deviceId() };
  return keep(await send("POST", "/sessions", { body }));
}

/* Sign out here; without a network the server's session ends by itself later. */
export async function signOut() {
  try {
    if (access) await send("DELETE", "/sessions/current", { token: access.token });
  } finally {
    forget();
    sessionStorage.removeItem(UNSENT);
  }
}

/* A refresh token works once, so two callers share one renewal. */
function renew() {
  refreshing ??= (async () => {
    const token = sessionStorage.getItem(REFRESH);
    if (!token) throw new Refused(401, { code: "not_signed_in", detail: "请先登录" });
    return keep(await send("POST", "/sessions/refresh", { body: { refresh_token: token } }));
  })().finally(() => { refreshing = null; });
  return refreshing;
}

function ended(error) {
  if (error instanceof Refused && error.status === 401) {
    forget();
    onSignedOut("登录已过期，请重新登录");
  }
  return error;
}

/* A fresh access token. Throws Unreachable, or Refused after the sign-in screen was called. */
export async function token(isOldRefused = false) {
  if (isOldRefused) access = null;
  if (!access || access.until - EARLY_MS < Date.now()) {
    await renew().catch((error) => { throw ended(error); });
  }
  return access.token;
}

async function call(method, path, options = {}) {
  try {
    return await send(method, path, { ...options, token: await token() });
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401 || !maySignIn()) throw error;
  }
  const fresh = await token(true);
  return send(method, path, { ...options, token: fresh }).catch((error) => { throw ended(error); });
}

/* One's own new password; other devices are signed out, this one goes on. */
export const changePassword = (old, fresh) =>
  call("POST", "/me/password", { body: { old, new: fresh } });

export const read = (path) => call("GET", path);

/* Write something once: the same key again gives the first answer. Throws Unreachable or Refused. */
export const write = (path, body, key) => call("POST", path, { body, headers: { "Idempotency-Key": key } });

/* A file as a Blob. */
export const readFile = (path) => call("GET", path, { isFile: true, accept: "*/*" });

/* The bytes of a file from `offset` on; `checksum` is `sha256 <base64>` of them. */
export const sendPiece = (sha256, offset, piece, checksum) => call("PATCH", `/blobs/${sha256}`, {
  body: piece, headers: { "Upload-Offset": String(offset), "Upload-Checksum": checksum },
});

/* ---- steps ---- */

/* What was tapped and did not get through, or null; it survives a reload of the page. */
export function unsent() {
  try {
    return JSON.parse(sessionStorage.getItem(UNSENT) ?? "null");
  } catch {
    return null;
  }
}

export const dropUnsent = () => sessionStorage.removeItem(UNSENT);

/* One tap as it will be sent, also when it is sent again: one key, one body, one moment.
   `label` is what the button says, `done` what is said when it is done. */
export function intend(path, body, { label, done, isTimed = false }) {
  const moment = isTimed ? { occurred_at: new Date().toISOString() } : {};
  return { path, label, done, key: newKey(), body: { ...body, ...moment } };
}

/* Send a tap. It is kept until the server said something about it; throws Unreachable or Refused. */
export async function perform(intent) {
  sessionStorage.setItem(UNSENT, JSON.stringify(intent));
  try {
    const answer = await write(intent.path, intent.body, intent.key);
    dropUnsent();
    return answer;
  } catch (error) {
    // Too many at once and a lapsed sign-in say nothing about the step itself.
    if (error instanceof Refused && error.status !== 429 && error.status !== 401) dropUnsent();
    throw error;
  }
}
