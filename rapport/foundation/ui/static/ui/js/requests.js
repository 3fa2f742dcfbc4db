/* What happens when a request fails: the page stays as it is, and one note says what to do. Answers 409 and 422 are
   pages of their own making and are shown where they belong. */
import { say } from './lib.js';
import { toast } from './toasts.js';

const WORDS = { 403: 'denied', 404: 'gone', 429: 'slowDown' };
const SHOWN_IN_PLACE = [409, 422];

document.addEventListener('htmx:response:error', (event) => {
  const status = event.detail?.ctx?.response?.status;
  if (SHOWN_IN_PLACE.includes(status)) return;
  if (status === 401) return location.reload();
  if (WORDS[status]) return toast(say(WORDS[status]));
  toast(say('lost'), { label: say('reload'), act: () => location.reload() });
});

// No answer at all: no network, or it took longer than a minute.
document.addEventListener('htmx:error', (event) => {
  if (!event.detail?.ctx?.response) toast(say(navigator.onLine ? 'lost' : 'offline'), { label: say('reload'), act: () => location.reload() });
});
