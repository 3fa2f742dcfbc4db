/* The command palette: a combobox over a listbox (ui/parts/palette.html). The server answers `/find?q=` with options;
   recents and commands are here already and need no request. "> " looks at commands only. */
import { all, isTyping, keysAreOn, letterOf, memory, on, one } from './lib.js';
import { toggleTheme } from './appearance.js';
import { showShortcuts } from './shortcuts.js';

const RECENTS = 6;
const dialog = one('#palette');
const input = dialog && one('input', dialog);
const key = () => `r-recent:${document.body.dataset.member}`;
const recents = () => { try { return JSON.parse(memory.get(key())) ?? []; } catch { return []; } };
const options = () => all('[role=option]', dialog).filter((option) => !option.closest('[hidden]'));
const chosen = () => one('[role=option][aria-selected=true]', dialog);

const choose = (option) => {
  all('[aria-selected=true]', dialog).forEach((other) => other.setAttribute('aria-selected', 'false'));
  option?.setAttribute('aria-selected', 'true');
  option?.scrollIntoView({ block: 'nearest' });
  if (option) input.setAttribute('aria-activedescendant', option.id);
  else input.removeAttribute('aria-activedescendant');
};

const fillRecents = () => {
  const group = one('#palette-recent');
  all('[role=option]', group).forEach((old) => old.remove());
  recents().filter((page) => page.url !== location.pathname).forEach((page, index) => {
    const option = one('#palette-option').content.firstElementChild.cloneNode(true);
    const drawing = one('use', option);
    drawing.setAttribute('href', drawing.getAttribute('href').replace(/#.*/, `#${page.icon}`));
    one('span', option).textContent = page.label;
    option.id = `palette-recent-${index}`;
    option.href = page.url;
    group.append(option);
  });
};

const sift = () => {
  const onlyCommands = input.value.startsWith('>');
  const words = input.value.replace('>', '').trim().toLowerCase();
  one('#palette-recent').hidden = !!input.value || !one('#palette-recent [role=option]');
  if (!words || onlyCommands) one('#palette-hits').replaceChildren();
  all('[data-commands]', dialog).forEach((group) => {
    all('[role=option]', group).forEach((option) => { option.hidden = !option.textContent.toLowerCase().includes(words); });
    group.hidden = !one('[role=option]:not([hidden])', group);
  });
  settle();
};

const settle = () => {
  const open = options();
  one('#palette-none').hidden = open.length > 0 || !input.value;
  input.setAttribute('aria-expanded', String(open.length > 0));
  choose(open.includes(chosen()) ? chosen() : open[0]);
};

const open = () => {
  if (!dialog || dialog.open) return;
  input.value = '';
  fillRecents();
  sift();
  dialog.showModal();
  input.focus();
};

if (dialog) {
  input.addEventListener('input', sift);
  input.addEventListener('htmx:config:request', (event) => (!input.value.trim() || input.value.startsWith('>')) && event.preventDefault());
  dialog.addEventListener('htmx:after:swap', settle);
  dialog.addEventListener('keydown', (event) => {
    const open = options();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && open.length) choose(open[(open.indexOf(chosen()) + step + open.length) % open.length]);
    else if (event.key === 'Enter') chosen()?.click();
    else return;
    event.preventDefault();
  });
  dialog.addEventListener('mousemove', (event) => {
    const option = event.target.closest('[role=option]');
    if (option && option !== chosen()) choose(option);
  });
  dialog.addEventListener('click', (event) => {
    const option = event.target.closest('[role=option]');
    if (event.target === dialog || option) dialog.close();
    if (option?.dataset.action) event.preventDefault();
    if (option?.dataset.action === 'theme') toggleTheme();
    if (option?.dataset.action === 'shortcuts') showShortcuts();
  });
  const page = one('[data-recent]');
  if (page) {
    const seen = { label: page.dataset.recent, icon: page.dataset.recentIcon || 'file', url: location.pathname };
    memory.set(key(), JSON.stringify([seen, ...recents().filter((other) => other.url !== seen.url)].slice(0, RECENTS + 1)));
  }
  on('click', '[data-palette]', (_, event) => { event.preventDefault(); open(); });
  on('submit', '[data-sign-out]', () => memory.drop(key()));
  document.addEventListener('keydown', (event) => {
    const isSlash = event.key === '/' && !isTyping(event.target) && !one('dialog[open]') && keysAreOn();
    const isCtrlK = (event.ctrlKey || event.metaKey) && letterOf(event) === 'k';
    if (isCtrlK || isSlash) { event.preventDefault(); open(); }
  });
}
