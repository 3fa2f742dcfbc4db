/* Menus of filters and columns.
   <li class="r-chip dropdown"><button data-bs-toggle="dropdown" data-bs-auto-close="outside">…</button>
     <form class="dropdown-menu r-filter" data-menu-src="/filters/tier">…</form></li>     fetched once, when first opened
   <input type="search" data-menu-find>     narrows the items of its menu; Enter takes the first
   <button data-filter-add data-bs-toggle="dropdown">    F opens it
   <button data-menu-close>    closes its menu, for instance after "Apply" */
import { close } from './dropdowns.js';
import { all, isTyping, keysAreOn, letterOf, on, one } from './lib.js';

const menuOf = (button) => one('.dropdown-menu', button.closest('.dropdown, .dropup'));

document.addEventListener('show.bs.dropdown', (event) => {
  const menu = menuOf(event.target);
  if (!menu?.dataset.menuSrc || menu.dataset.loaded) return;
  menu.dataset.loaded = 'true';
  window.htmx.ajax('GET', menu.dataset.menuSrc, { target: menu, swap: 'innerHTML' });
});

document.addEventListener('shown.bs.dropdown', (event) => {
  const finder = one('[data-menu-find]', menuOf(event.target) ?? document.createElement('div'));
  if (!finder) return;
  finder.value = '';
  sift(finder);
  finder.focus();
});

const items = (finder) => all('.dropdown-item, .r-check', finder.closest('.dropdown-menu'));

const sift = (finder) => {
  const words = finder.value.trim().toLowerCase();
  items(finder).forEach((item) => { item.hidden = !item.textContent.toLowerCase().includes(words); });
};

on('input', '[data-menu-find]', sift);
on('keydown', '[data-menu-find]', (finder, event) => {
  const first = items(finder).find((item) => !item.hidden);
  if (event.key === 'Enter') { event.preventDefault(); first?.click(); }
  if (event.key === 'ArrowDown') { event.preventDefault(); event.stopPropagation(); first?.focus(); }
});

// A form that is given another shape while somebody types in it: what they type and where stays, choices are the server's.
document.addEventListener('htmx:after:settle', ({ target }) => {
  const form = target.closest?.('.r-filter, .r-filter-panel');
  if (!form?.contains(document.activeElement)) return;
  all('[autofocus]', form).forEach((element) => element.removeAttribute('autofocus'));
  all('select', form).filter((select) => select !== document.activeElement).forEach((select) => {
    const chosen = one('option[selected]', select);
    if (chosen) chosen.selected = true;
  });
});

on('click', '[data-menu-close]', (button) => {
  const toggle = one('[data-bs-toggle=dropdown]', button.closest('.dropdown, .dropup'));
  close();
  toggle.focus();
});

document.addEventListener('keydown', (event) => {
  if (letterOf(event) !== 'f' || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target) || one('dialog[open]') || !keysAreOn()) return;
  const button = one('[data-filter-add]');
  if (button) { event.preventDefault(); button.click(); }
});
