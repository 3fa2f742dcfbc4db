/* Theme and density, at once. Without this file the same form posts and comes back.
   <form method="post" action="/appearance" data-appearance>
     <button name="theme" value="dark" aria-pressed="false">…</button>
     <button name="density" value="compact" aria-pressed="false">…</button>
   </form>
   <button type="button" data-theme-toggle>…</button> */
import { all, on, one } from './lib.js';

const root = document.documentElement;

const remember = (name, value) => {
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  document.cookie = `r-${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  all(`[data-appearance] button[name=${name}]`).forEach((button) => button.setAttribute('aria-pressed', String(button.value === value)));
};

const setTheme = (value) => {
  const dark = value === 'dark' || (value === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
  root.dataset.theme = value;
  root.dataset.bsTheme = dark ? 'dark' : 'light';
  remember('theme', value);
  document.dispatchEvent(new Event('r-theme'));
};

export const toggleTheme = () => setTheme(root.dataset.bsTheme === 'dark' ? 'light' : 'dark');

on('click', '[data-appearance] button', (button, event) => {
  event.preventDefault();
  if (button.name === 'theme') return setTheme(button.value);
  root.dataset.density = button.value;
  remember('density', button.value);
});
on('click', '[data-theme-toggle]', toggleTheme);
on('change', '[data-language] select', (select) => select.form.requestSubmit());

// Pages that come back from the browser's cache may be older than the choice.
addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  const theme = document.cookie.match(/(?:^|; )r-theme=(\w+)/)?.[1];
  if (theme && theme !== root.dataset.theme && one('#main')) setTheme(theme);
});
