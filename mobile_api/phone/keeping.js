/* Files that wait to be sent: in IndexedDB, so that a closed page loses no photo; in memory where
   the browser has none (a private window). Each belongs to the person who took it. */

const STORE = "waiting";
const memory = new Map();
let opened = null;

function base() {
  opened ??= new Promise((found) => {
    if (!window.indexedDB) {
      found(null);
      return;
    }
    const asked = indexedDB.open("wangge", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "id" });
    asked.onsuccess = () => found(asked.result);
    asked.onerror = () => found(null);
  });
  return opened;
}

async function within(mode, work) {
  const found = await base();
  if (!found) return undefined;
  return new Promise((done, failed) => {
    const transaction = found.transaction(STORE, mode);
    const asked = work(transaction.objectStore(STORE));
    transaction.oncomplete = () => done(asked.result);
    transaction.onerror = () => failed(transaction.error);
    transaction.onabort = () => failed(transaction.error);
  });
}

/* Keep an entry with its file. A full phone keeps it in memory; false then. */
export async function keep(entry) {
  try {
    if (await base()) {
      await within("readwrite", (store) => store.put(entry));
      return true;
    }
  } catch (error) {
    console.info("keeping", error);
  }
  memory.set(entry.id, entry);
  return false;
}

export async function drop(id) {
  memory.delete(id);
  await within("readwrite", (store) => store.delete(id));
}

/* What waits of one person, in the order of taking. */
export async function waitingOf(who) {
  const stored = await within("readonly", (store) => store.getAll()) ?? [];
  return [...stored, ...memory.values()].filter((one) => one.who === who)
    .sort((one, other) => one.at - other.at);
}
