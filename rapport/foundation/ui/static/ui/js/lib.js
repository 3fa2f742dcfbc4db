/* What the behaviours share. */
export const one = (selector, root = document) => root.querySelector(selector);
export const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Call `act(element, event)` when the event happens on or inside an element that matches, now or later. */
export const on = (event, selector, act, options) =>
  document.addEventListener(event, (e) => {
    const element = e.target.closest?.(selector);
    if (element) act(element, e);
  }, options);

/** Small things remembered on this device; nothing breaks when the browser forbids it. */
export const memory = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* private window */ } },
  drop(key) { try { localStorage.removeItem(key); } catch { /* private window */ } },
};

export const isTyping = (target) => !!target.closest?.('input:not([type=checkbox],[type=radio]), textarea, select, [contenteditable]');

/** The letter of a key; on a keyboard without Latin letters, the one that stands there on a common keyboard. */
export const letterOf = (event) => {
  if (event.key.length !== 1 || /[\x20-\x7e]/.test(event.key)) return event.key.toLowerCase();
  return event.code.startsWith('Key') ? event.code.slice(3).toLowerCase() : event.key;
};
export const keysAreOn = () => memory.get('r-keys') !== 'off';

/** A sentence of the page's language; see ui/parts/toasts.html. */
export const say = (name) => one('#toasts')?.dataset[name] ?? '';

export const token = () => JSON.parse(document.body.getAttribute('hx-headers:inherited') || '{}')['X-CSRFToken'] || '';

/** Ask the server for this page again and morph what changed; focus and scroll stay. */
export const refresh = () => {
  if (!window.htmx || !one('#main')) return location.reload();
  return window.htmx.ajax('GET', location.pathname + location.search, { target: '#main', select: '#main', swap: 'outerMorph' });
};
