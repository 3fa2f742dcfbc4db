/* Keys. Single letters rest while somebody types or a dialog is open, and can be switched off (WCAG 2.1.4).
   <a data-go="c" href="/customers/">   G then C
   <button data-key="l">                L clicks it
   <form> … Ctrl Enter sends it from any of its text areas
   <button data-shortcuts> and ? show the list; <input type="checkbox" data-keys-toggle> is the switch. */
import { isTyping, keysAreOn, letterOf, memory, on, one } from './lib.js';

const CHORD_MS = 900;
let chordAt = 0;

export const showShortcuts = () => {
  const dialog = one('#shortcuts');
  if (!dialog || dialog.open) return;
  one('[data-keys-toggle]', dialog).checked = keysAreOn();
  dialog.showModal();
};

const visible = (selector) => [...document.querySelectorAll(selector)].find((element) => element.checkVisibility?.() ?? true);

document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && event.target.matches('textarea')) {
    event.preventDefault();
    return event.target.form?.requestSubmit();
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (isTyping(event.target) || one('dialog[open]') || !keysAreOn()) return;
  const key = letterOf(event);
  if (key === '?') return showShortcuts();
  if (!/^[a-z]$/.test(key)) return;
  if (Date.now() - chordAt < CHORD_MS) {
    chordAt = 0;
    const link = one(`[data-go="${key}"]`);
    if (link) { event.preventDefault(); location.assign(link.href); }
    return;
  }
  if (key === 'g') { chordAt = Date.now(); return; }
  // An entry of a closed menu is not visible and still has its key.
  const target = visible(`[data-key="${key}"]`) ?? one(`[data-key="${key}"]`);
  if (target) { event.preventDefault(); target.focus(); target.click(); }
});

on('click', '[data-shortcuts]', showShortcuts);
on('change', '[data-keys-toggle]', (box) => memory.set('r-keys', box.checked ? 'on' : 'off'));
