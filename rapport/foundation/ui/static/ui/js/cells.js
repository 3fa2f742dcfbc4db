/* Editing one cell in place. The server draws both faces of the cell:
   <td class="r-cell" id="c-118-owner"><button class="r-cell-b" type="button" data-edit hx-get="/customers/118/cells/owner"
        hx-target="closest td">Ines …</button></td>
   <td class="r-cell" id="c-118-owner"><form data-cell hx-post="/customers/118/cells/owner" hx-target="closest td"
        data-cancel="/customers/118/cells/owner?show"><select class="form-select r-cell-f" name="owner">…</select></form></td>
   A choice is sent on change, text on Enter or on leaving; Escape gives the old value back. 422 keeps the field open
   with the reason; after 200 the server adds r-saved to the cell, which flashes once. */
import { all, on, one } from './lib.js';

const field = (form) => one('input:not([type=hidden]), select, textarea', form);
const isChoice = (input) => input.matches('select, [type=checkbox], [type=date], [type=datetime-local]');
const state = new WeakMap(); // form → value it began with

const send = (form) => {
  if (state.get(form) === 'sent') return;
  state.set(form, 'sent');
  form.requestSubmit();
};
const cancel = (form) => {
  if (state.get(form) === 'sent') return;
  state.set(form, 'sent');
  window.htmx.ajax('GET', form.dataset.cancel, { target: form.closest('.r-cell'), swap: 'outerMorph' }); // without the form's values
};
const value = (input) => (input.type === 'checkbox' ? String(input.checked) : input.value);

on('submit', '[data-cell]', (form) => state.set(form, 'sent')); // by Enter: what leaves the field afterwards is no second change
on('change', '[data-cell]', (form, event) => isChoice(event.target) && event.target.type !== 'date' && send(form));
on('focusout', '[data-cell]', (form, event) => {
  if (form.contains(event.relatedTarget) || !form.isConnected) return;
  const began = state.get(form);
  if (began === undefined) return;
  if (value(event.target) === began.value) cancel(form);
  else send(form);
});
on('keydown', '[data-cell]', (form, event) => {
  if (event.key === 'Escape') { event.preventDefault(); event.stopPropagation(); cancel(form); }
  if (event.key === 'Enter' && event.target.matches('select')) { event.preventDefault(); send(form); }
});

document.addEventListener('htmx:after:swap', () => {
  all('[data-cell]').forEach((form) => {
    const input = field(form);
    const isNew = state.get(form) === undefined || state.get(form) === 'sent';
    if (!input || !isNew) return;
    state.set(form, { value: value(input) });
    input.focus();
    input.select?.();
  });
  all('.r-cell.r-saved').forEach((cell) => {
    if (cell.dataset.flashed) return;
    cell.dataset.flashed = 'true';
    if (document.activeElement === document.body) one('[data-edit]', cell)?.focus();
    setTimeout(() => { cell.classList.remove('r-saved'); delete cell.dataset.flashed; }, 1600);
  });
});
