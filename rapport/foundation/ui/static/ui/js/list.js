/* A list: choosing rows, moving by keys, the bar of acts for what was chosen.
   <div data-list>
     <table class="r-table r-list"> … <input type="checkbox" data-all> … <input type="checkbox" class="r-pick" name="ids" value="…" form="bulk">
     <form id="bulk" class="r-bulk" method="post" hidden><b data-picked data-words="{n} selected"></b>
       <button type="button" data-all-matching hidden>All 12,482</button><input type="hidden" name="all" value="">
       … <button type="button" data-clear>…</button></form>
   </div>
   J K or arrows move, X chooses, E edits, Enter opens, Shift click chooses a range. F is filter (menus.js). */
import { all, isTyping, keysAreOn, letterOf, on, one } from './lib.js';

let last = null;
const picks = (list) => all('tbody .r-pick', list);
const form = new Intl.NumberFormat(document.documentElement.lang || undefined);

const count = (list) => {
  const boxes = picks(list);
  const chosen = boxes.filter((box) => box.checked);
  boxes.forEach((box) => box.closest('tr').classList.toggle('r-on', box.checked));
  const head = one('[data-all]', list);
  if (head) {
    head.checked = boxes.length > 0 && chosen.length === boxes.length;
    head.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
  }
  const bar = one('.r-bulk', list);
  if (!bar) return;
  bar.hidden = chosen.length === 0;
  const words = one('[data-picked]', bar);
  if (words) words.textContent = words.dataset.words.replace('{n}', form.format(chosen.length));
  const matching = one('[data-all-matching]', bar);
  if (matching) matching.hidden = chosen.length < boxes.length;
  const everything = one('input[name=all]', bar);
  if (everything) everything.value = '';
};

on('change', '[data-list] [data-all]', (head) => {
  const list = head.closest('[data-list]');
  picks(list).forEach((box) => { box.checked = head.checked; });
  count(list);
});
on('change', '[data-list] .r-pick', (box) => count(box.closest('[data-list]')));
on('click', '[data-list] .r-pick', (box, event) => {
  const boxes = picks(box.closest('[data-list]'));
  const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)];
  if (event.shiftKey && from >= 0) boxes.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((other) => { other.checked = box.checked; });
  last = box;
});
on('click', '[data-list] [data-clear]', (button) => {
  const list = button.closest('[data-list]');
  picks(list).forEach((box) => { box.checked = false; });
  count(list);
});
on('click', '[data-list] [data-all-matching]', (button) => {
  const bar = button.closest('.r-bulk');
  one('input[name=all]', bar).value = '1';
  one('[data-picked]', bar).textContent = button.textContent;
  button.hidden = true;
});

const move = (list, row) => {
  if (!row) return;
  one('a', row)?.focus({ preventScroll: true });
  row.scrollIntoView({ block: 'nearest' });
};

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (isTyping(event.target) || one('dialog[open]') || !keysAreOn()) return;
  if (event.target.closest('.dropdown-menu, [role=tablist], [role=listbox]')) return;
  const list = event.target.closest('[data-list]') ?? one('[data-list]');
  const row = list && event.target.closest('tbody tr');
  const rows = list ? all('tbody tr', list) : [];
  const at = rows.indexOf(row);
  const act = {
    j: () => move(list, rows[Math.min(at + 1, rows.length - 1)]),
    k: () => move(list, rows[Math.max(at - 1, 0)]),
    x: () => { const box = row && one('.r-pick', row); if (box) { box.checked = !box.checked; last = box; count(list); } },
    e: () => row && one('[data-edit]', row)?.click(),
  };
  act.arrowdown = row && act.j;
  act.arrowup = row && act.k;
  const todo = list && act[letterOf(event)];
  if (todo) { event.preventDefault(); todo(); }
});

const recount = () => all('[data-list]').forEach(count);
document.addEventListener('htmx:after:swap', recount);
addEventListener('pageshow', recount);
