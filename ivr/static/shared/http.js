// Requests to the server: with the page's CSRF token, and those that a page makes by itself.

const csrfToken = () => document.querySelector('meta[name="csrf-token"]').content;

/** Give the page another CSRF token, in all its forms: it belongs to a session, and a new one has another. */
export const setToken = (token) => {
  const meta = document.querySelector('meta[name="csrf-token"]');
  if (meta) meta.content = token;
  for (const field of document.querySelectorAll('input[name="csrf_token"]')) field.value = token;
};

/** fetch() for what a page asks by itself: it does not keep the session alive, and gets 401 once that is over. */
export const fetchInBackground = (url, options = {}) =>
  fetch(url, { ...options, headers: { ...options.headers, "X-Background": "1" } });

/** POST with the page's CSRF token; `options` are those of fetch(), and `isBackground`. */
export const post = (url, body, { headers, isBackground = false, ...options } = {}) => {
  const send = isBackground ? fetchInBackground : fetch;
  return send(url, { ...options, method: "POST", headers: { ...headers, "X-CSRFToken": csrfToken() }, body });
};

/** POST a message as JSON. */
export const postJson = (url, message) =>
  post(url, JSON.stringify(message), { headers: { "Content-Type": "application/json" } });
