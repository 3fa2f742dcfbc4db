/* Writing down a touch point. One form; the kind is a row of radio buttons that look like tabs, so it works as it is.
   <form class="r-composer" data-composer method="post" hx-post="…">
     <div class="r-composer-t" role="radiogroup"><label><input type="radio" name="kind" value="note" checked
        data-placeholder="What did you learn?" data-button="Save note">…</label>…</div>
     <div data-for="call visit">…fields of some kinds only…</div>
     <textarea class="r-composer-in" name="body"></textarea> … <button data-send>Save note</button></form>
   What was typed is kept until it is sent, also over a reload. Ctrl Enter sends (shortcuts.js). */
import { all, on, one } from './lib.js';

const draftKey = (form) => `r-draft:${form.getAttribute('action') || location.pathname}`;
const drafts = {
  get(key) { try { return sessionStorage.getItem(key) ?? ''; } catch { return ''; } },
  set(key, text) { try { if (text) sessionStorage.setItem(key, text); else sessionStorage.removeItem(key); } catch { /* private window */ } },
};

const dress = (form) => {
  const kind = one('input[name=kind]:checked', form);
  if (!kind) return;
  all('[data-for]', form).forEach((part) => {
    part.hidden = !part.dataset.for.split(' ').includes(kind.value);
    all('input, select, textarea', part).forEach((input) => { input.disabled = part.hidden; });
  });
  const body = one('textarea', form);
  if (body && kind.dataset.placeholder) body.placeholder = kind.dataset.placeholder;
  const send = one('[data-send]', form);
  if (send && kind.dataset.button) send.textContent = kind.dataset.button;
};

const restore = () => all('[data-composer]').forEach((form) => {
  const body = one('textarea', form);
  if (body && !body.value) body.value = drafts.get(draftKey(form));
  dress(form);
});

on('change', '[data-composer] input[name=kind]', (input) => { dress(input.form); one('textarea', input.form)?.focus(); });
on('input', '[data-composer] textarea', (body) => drafts.set(draftKey(body.form), body.value));
on('submit', '[data-composer]', (form) => { form.dataset.sending = 'true'; });

document.addEventListener('htmx:after:request', (event) => {
  const { sourceElement: form, response } = event.detail.ctx;
  if (form?.dataset?.composer === undefined || response.status >= 400) return;
  drafts.set(draftKey(form), '');
  form.reset();
  dress(form);
});
document.addEventListener('htmx:after:swap', restore);
restore();
