/* Tabs within a page (role=tablist). Each tab names its panel by aria-controls; arrows, Home and End move.
   <div role="tablist" aria-label="…" data-tabs><button role="tab" id="t1" aria-controls="p1" aria-selected="true">…</button>…</div>
   <div role="tabpanel" id="p1" aria-labelledby="t1">…</div>
   With data-tabs="phone" the panels are columns side by side, and only phones show one at a time (.r-hide-m).
   Tabs that are pages of their own (saved views) are links in <nav class="r-tabs"> and need none of this. */
import { all, on } from './lib.js';

const show = (tab) => {
  const strip = tab.closest('[role=tablist]');
  all('[role=tab]', strip).forEach((other) => {
    const isShown = other === tab;
    other.setAttribute('aria-selected', String(isShown));
    other.tabIndex = isShown ? 0 : -1;
    const panel = document.getElementById(other.getAttribute('aria-controls'));
    if (strip.dataset.tabs === 'phone') panel?.classList.toggle('r-hide-m', !isShown);
    else if (panel) panel.hidden = !isShown;
  });
  tab.dispatchEvent(new CustomEvent('tab-shown', { bubbles: true }));
};

on('click', '[data-tabs] [role=tab]', show);
on('keydown', '[data-tabs] [role=tab]', (tab, event) => {
  const tabs = all('[role=tab]', tab.closest('[role=tablist]'));
  const forward = document.documentElement.dir === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
  const back = forward === 'ArrowLeft' ? 'ArrowRight' : 'ArrowLeft';
  const at = tabs.indexOf(tab);
  const next = { [forward]: (at + 1) % tabs.length, [back]: (at - 1 + tabs.length) % tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  show(tabs[next]);
  tabs[next].focus();
});
