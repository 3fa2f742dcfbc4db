/* Notes on what was done, with Undo for eight seconds.
   From the server: HX-Trigger: {"toast": {"text": "Owner changed to Noor.", "undo_url": "/operations/…/undo"}},
   or Django messages, which are in the page already as .r-toast[data-toast]. From scripts: toast(text, {label, act}). */
import { all, on, one, refresh, say } from './lib.js';

const SECONDS = 8;

const expire = (element) => setTimeout(() => {
  if (element.matches(':hover, :focus-within')) expire(element);
  else element.remove();
}, SECONDS * 1000);

export const toast = (text, { label, act } = {}) => {
  const box = one('#toasts');
  if (!box || !text) return;
  all('.r-toast', box).forEach((old) => old.firstElementChild?.textContent === text && old.remove());
  const note = document.createElement('div');
  note.className = 'r-toast';
  const words = document.createElement('span');
  words.textContent = text;
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = label || say('close');
  button.addEventListener('click', () => { note.remove(); act?.(); });
  note.append(words, button);
  box.append(note);
  expire(note);
};

const undo = async (url) => {
  await window.htmx.ajax('POST', url, { source: '#toasts', target: '#toasts', swap: 'none' });
  await refresh();
};

document.addEventListener('toast', (event) => {
  const { text, undo_url: url } = event.detail ?? {};
  toast(text, url ? { label: say('undo'), act: () => undo(url) } : {});
});

on('submit', '[data-undo-form]', (form, event) => {
  event.preventDefault();
  form.closest('.r-toast').remove();
  undo(form.action);
});
on('click', '[data-toast-close]', (button) => button.closest('.r-toast').remove());

all('[data-toast]').forEach(expire);
