/* A list that fills by itself while somebody watches.
   <ol data-feed="/sources/live" data-feed-seconds="2" aria-live="off"><li data-id="…">…</li></ol>
   <button type="button" data-feed-pause="#feed-id" aria-pressed="false">Pause</button>
   Asks for what came after the first item: /sources/live?after=<its data-id>; the server answers with <li> elements,
   newest first, or 204. Rests while the tab is hidden, paused, or an answer is on its way. */
import { all, on, one } from './lib.js';

const MOST = 100;
const busy = new WeakSet();

const ask = async (feed) => {
  if (busy.has(feed) || document.hidden || feed.dataset.paused === 'true') return;
  busy.add(feed);
  const url = new URL(feed.dataset.feed, location.href);
  const newest = one('[data-id]', feed)?.dataset.id;
  if (newest) url.searchParams.set('after', newest);
  try {
    const response = await fetch(url, { headers: { 'HX-Request': 'true', Accept: 'text/html' } });
    if (response.status !== 200 || response.redirected) return;
    const fragment = document.createRange().createContextualFragment(await response.text());
    all('li', fragment).forEach((item) => item.classList.add('r-feed-new'));
    feed.prepend(fragment);
    all('li', feed).slice(MOST).forEach((item) => item.remove());
    feed.dispatchEvent(new CustomEvent('feed-filled', { bubbles: true }));
  } catch { /* no connection: the next turn tries again */ } finally {
    busy.delete(feed);
  }
};

const start = () => all('[data-feed]').forEach((feed) => {
  if (feed.dataset.started) return;
  feed.dataset.started = 'true';
  const timer = setInterval(() => (feed.isConnected ? ask(feed) : clearInterval(timer)), (Number(feed.dataset.feedSeconds) || 2) * 1000);
});

on('click', '[data-feed-pause]', (button) => {
  const feed = one(button.dataset.feedPause);
  const isPaused = feed.dataset.paused !== 'true';
  feed.dataset.paused = String(isPaused);
  button.setAttribute('aria-pressed', String(isPaused));
});
document.addEventListener('htmx:after:swap', start);
start();
