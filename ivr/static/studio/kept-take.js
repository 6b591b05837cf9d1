// The recording of a prompt that the server does not have yet. The browser keeps it, even when the page is closed.
const DATABASE = "studio";
const STORE = "takes";

const finished = (request) =>
  new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });

const withStore = async (mode, work) => {
  const opening = indexedDB.open(DATABASE, 1);
  opening.addEventListener("upgradeneeded", () => opening.result.createObjectStore(STORE));
  const database = await finished(opening);
  try {
    return await finished(work(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
};

/** Keep a take (`sound`, a Blob, and its `words`) under its form's address. Where a browser cannot, the page has it. */
export const keepTake = async (address, take) => {
  try {
    await withStore("readwrite", (store) => store.put(take, address));
  } catch {
    // A private window may have no store: then the take lives as long as the page, which asks before it is left.
  }
};

/** The take that is kept under an address, or undefined. */
export const readTake = async (address) => {
  try {
    return await withStore("readonly", (store) => store.get(address));
  } catch {
    return undefined;
  }
};

/** Forget it: the server has it, or nobody wants it. */
export const forgetTake = async (address) => {
  try {
    await withStore("readwrite", (store) => store.delete(address));
  } catch {
    // What could not be kept need not be forgotten.
  }
};
