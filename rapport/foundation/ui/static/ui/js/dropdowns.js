/* Menus under buttons, in Bootstrap's markup and Tabler's clothes.
   <div class="dropdown"><button type="button" data-bs-toggle="dropdown" aria-expanded="false">…</button>
     <div class="dropdown-menu">…</div></div>
   .dropup prefers to open above, .dropdown-menu-end lines up the ends, data-bs-auto-close="outside" lets clicks inside
   keep it open. An open menu is a popover, so no scrolling box cuts it off. Fires show.bs.dropdown, then shown. */
import { all, isTyping, on, one } from './lib.js';

const GAP = 4;
const EDGE = 8;
let opened = null; // { button, menu }

const place = () => {
  const { button, menu } = opened;
  const at = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const fitsAbove = at.top - height - GAP >= EDGE;
  const fitsBelow = at.bottom + height + GAP + EDGE <= innerHeight;
  const isAbove = fitsAbove && (button.closest('.dropup') || !fitsBelow);
  const top = isAbove ? at.top - height - GAP : Math.min(at.bottom + GAP, innerHeight - height - EDGE);
  const endsMeet = menu.classList.contains('dropdown-menu-end') !== (document.documentElement.dir === 'rtl');
  const left = endsMeet ? at.right - width : at.left;
  menu.style.top = `${Math.max(EDGE, top)}px`;
  menu.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - width - EDGE))}px`;
};

export const close = () => {
  if (!opened) return;
  const { button, menu } = opened;
  opened = null;
  if (menu.matches(':popover-open')) menu.hidePopover();
  menu.classList.remove('show');
  button.setAttribute('aria-expanded', 'false');
};

const open = (button) => {
  const menu = one('.dropdown-menu', button.parentElement);
  close();
  if (!menu) return;
  button.dispatchEvent(new CustomEvent('show.bs.dropdown', { bubbles: true }));
  opened = { button, menu };
  menu.popover = 'manual';
  menu.classList.add('show');
  menu.showPopover();
  button.setAttribute('aria-expanded', 'true');
  place();
  button.dispatchEvent(new CustomEvent('shown.bs.dropdown', { bubbles: true }));
};

on('click', '[data-bs-toggle=dropdown]', (button, event) => {
  event.preventDefault();
  if (opened?.button === button) close();
  else open(button);
});

document.addEventListener('click', (event) => {
  if (!opened || opened.button.contains(event.target) || !event.target.isConnected) return;
  const isInside = opened.menu.contains(event.target);
  if (!isInside || (opened.button.dataset.bsAutoClose !== 'outside' && event.target.closest('a, button'))) close();
});

document.addEventListener('focusin', (event) => {
  if (opened && !opened.menu.contains(event.target) && !opened.button.contains(event.target)) close();
});

document.addEventListener('keydown', (event) => {
  const button = event.target.closest?.('[data-bs-toggle=dropdown]');
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === 'Escape' && opened) {
    event.preventDefault();
    opened.button.focus();
    return close();
  }
  if (!step || isTyping(event.target) || event.defaultPrevented) return;
  if (button && opened?.button !== button) open(button);
  if (!opened || !(button || opened.menu.contains(event.target))) return;
  event.preventDefault();
  const items = all('a, button, input:not([type=hidden])', opened.menu).filter((item) => !item.disabled && item.checkVisibility());
  const at = items.indexOf(document.activeElement);
  items[at < 0 ? (step > 0 ? 0 : items.length - 1) : (at + step + items.length) % items.length]?.focus();
});

// The page moved or the menu filled: stay with the button.
const follow = () => opened && (opened.button.isConnected && opened.menu.matches(':popover-open') ? place() : close());
addEventListener('scroll', follow, { capture: true, passive: true });
addEventListener('resize', follow);
document.addEventListener('htmx:after:swap', follow);
