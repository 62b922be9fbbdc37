/* Sending files: named by their hash, in pieces, gone on with after a cut, one after the other. */

import { Refused, Unreachable, maySignIn, newKey, sendPiece, write } from "./api.js";
import { drop, keep, waitingOf } from "./keeping.js";
import { whoAmI } from "./me.js";

const SMALLEST = 32 * 1024;
const LARGEST = 256 * 1024;
const QUICK_MS = 1500;
const AGAIN_MS = 5000;
const KINDS = ["image/jpeg", "image/png", "image/webp", "application/pdf"];

const listeners = new Set();
const progress = new Map(); // id -> share that is sent, or words about what is wrong
let running = false;
let again = null;
let pieceBytes = SMALLEST;

/* `hear(subject, isDone)` is called whenever something of a subject moved; gives how to stop. */
export function whenSent(hear) {
  listeners.add(hear);
  return () => listeners.delete(hear);
}

const say = (entry, isDone = false) => listeners.forEach((hear) => hear(entry.subject, isDone));

export const progressOf = (id) => progress.get(id) ?? { share: 0, problem: null };

const hex = (bytes) => Array.from(new Uint8Array(bytes), (one) => one.toString(16).padStart(2, "0")).join("");
const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
const digest = async (blob) => crypto.subtle.digest("SHA-256", await blob.arrayBuffer());

/* Take a file in for a subject (`/work-orders/…`, `/tickets/…`). Throws an Error with words. */
export async function takeIn(subject, file, item) {
  if (!window.crypto?.subtle) throw new Error("这个网址不是 https 开头，浏览器不能校验照片，传不了。请用 https 的网址打开。");
  if (!KINDS.includes(file.type)) throw new Error("只收 JPEG、PNG、WebP 照片或 PDF，请用相机重拍一张。");
  const entry = {
    id: newKey(), key: newKey(), who: whoAmI().staff.employee_no, at: Date.now(), subject, file,
    item: { sha256: hex(await digest(file)), ...item }, isAttached: false,
  };
  const isKept = await keep(entry);
  say(entry);
  sendAll();
  return isKept;
}

export const waitingFor = async (subject) => (await allWaiting()).filter((one) => one.subject === subject);
export const allWaiting = async () => (whoAmI() ? waitingOf(whoAmI().staff.employee_no) : []);

export async function giveUp(entry) {
  await drop(entry.id);
  progress.delete(entry.id);
  say(entry);
}

/* Send what waits; what fails for want of a network is tried again by itself. */
export async function sendAll() {
  if (running || !whoAmI()) return;
  running = true;
  clearTimeout(again);
  again = null;
  try {
    // What is taken while another one is sent goes out in the same round.
    for (let entry = await nextWaiting(); entry; entry = await nextWaiting()) await sendOne(entry);
  } catch (error) {
    const isLater = error instanceof Unreachable || (error instanceof Refused && error.status === 429);
    if (!isLater && !(error instanceof Refused)) throw error;
    if (maySignIn()) again = setTimeout(sendAll, AGAIN_MS);
  } finally {
    running = false;
  }
}

const nextWaiting = async () => (await allWaiting()).find((one) => !progressOf(one.id).problem);

/* Try a refused one anew. */
export function tryAgain(entry) {
  progress.delete(entry.id);
  sendAll();
}

async function sendOne(entry) {
  try {
    const { sha256 } = entry.item;
    const told = await declare(entry);
    if (!entry.isAttached) {
      await write(`${entry.subject}/evidence`, entry.item, entry.key);
      entry.isAttached = true;
      await keep(entry);
    }
    if (told.state === "need") await sendPieces(entry, sha256, told.offset);
    else if (told.state === "refused") throw new Refused(415, { detail: "这个文件以前就没有收下，请重新拍一张" });
    await drop(entry.id);
    progress.delete(entry.id);
    say(entry, true);
  } catch (error) {
    // No network, too many at once, a lapsed sign-in: none of them says anything about the file.
    if (!(error instanceof Refused) || [401, 429].includes(error.status)) throw error;
    progress.set(entry.id, { share: 0, problem: error.message });
    say(entry);
  }
}

async function declare(entry) {
  const { file, item } = entry;
  const page = await write("/blobs", { items: [{ sha256: item.sha256, bytes: file.size, media_type: file.type }] }, newKey());
  return page.items[0];
}

/* Pieces grow where the line is quick and shrink where it is slow. */
async function sendPieces(entry, sha256, from) {
  let offset = from;
  let busy = 0;
  while (offset < entry.file.size) {
    progress.set(entry.id, { share: offset / entry.file.size, problem: null });
    say(entry);
    const piece = entry.file.slice(offset, offset + pieceBytes);
    const began = Date.now();
    try {
      await sendPiece(sha256, offset, piece, `sha256 ${base64(await digest(piece))}`);
      offset += piece.size;
      busy = 0;
      if (Date.now() - began < QUICK_MS) pieceBytes = Math.min(LARGEST, pieceBytes * 2);
    } catch (error) {
      if (error instanceof Unreachable) pieceBytes = Math.max(SMALLEST, pieceBytes / 2);
      const right = error.facts?.offset;
      if (error instanceof Refused && error.status === 409 && right !== undefined && ++busy < 5) {
        if (right === offset) await new Promise((wake) => { setTimeout(wake, 1000 * busy); });
        offset = right;
      } else throw error;
    }
  }
}

addEventListener("online", sendAll);
