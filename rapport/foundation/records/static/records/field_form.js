/* The form of a workspace's own field: shows what the chosen kind asks for, and adds rows for choices.
   <form data-field-form><select name="kind">…</select> <div data-for-kind="choice multi_choice">… <div data-choice>…</div>
   <button data-choice-add></button></div></form>       Without this file everything is shown, with rows to spare. */
const dress = (form) => {
  const kind = form.querySelector('[name=kind]').value;
  form.querySelectorAll('[data-for-kind]').forEach((part) => {
    part.hidden = !part.dataset.forKind.split(' ').includes(kind);
  });
};
const all = () => document.querySelectorAll('[data-field-form]').forEach(dress);

document.addEventListener('change', (event) => {
  const form = event.target.closest?.('[data-field-form]');
  if (form && event.target.name === 'kind') dress(form);
});
document.addEventListener('click', (event) => {
  const button = event.target.closest?.('[data-choice-add]');
  if (!button) return;
  const last = [...button.parentElement.querySelectorAll('[data-choice]')].at(-1);
  const row = last.cloneNode(true);
  row.querySelectorAll('input, select').forEach((input) => { input.value = ''; });
  last.after(row);
  row.querySelector('[name=choice_label]').focus();
});
document.addEventListener('htmx:after:swap', all);
all();
