/* The side dialog: a form that opens beside the page instead of in a page of its own.
   <a href="/customers/new" data-dialog>Add customer</a>           without this file: the page itself
   The server answers with the form's partial; its heading carries data-sheet-title and becomes the dialog's.
   422: the form comes back and stays. A `saved` event closes the dialog and refreshes the page (ui.render.saved). */
import { on, one, refresh } from './lib.js';

const sheet = one('#sheet');
const drawer = one('#menu');
let opener = null;

const open = async (link) => {
  opener = link;
  one('#sheet-body').replaceChildren();
  await window.htmx.ajax('GET', link.href, { target: '#sheet-body', swap: 'innerHTML', headers: { 'Rapport-Dialog': 'true' } });
  const heading = one('#sheet-body [data-sheet-title]');
  if (!one('#sheet-body').firstElementChild) return; // the answer was an error, and a note says so
  one('#sheet-h').textContent = heading?.textContent ?? link.textContent.trim();
  if (!sheet.open) sheet.showModal();
  one('#sheet-body :is(input:not([type=hidden]), select, textarea)')?.focus();
};

// The sidebar of phones. Without this file its link shows it, by :target.
if (drawer) {
  on('click', '[data-drawer]', (_, event) => { event.preventDefault(); drawer.showModal(); });
  drawer.addEventListener('click', (event) => (event.target === drawer || event.target.closest('[data-palette]')) && drawer.close());
}

if (sheet) {
  on('click', 'a[data-dialog]', (link, event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    open(link);
  });
  on('click', '[data-sheet-close]', (_, event) => { event.preventDefault(); sheet.close(); });
  sheet.addEventListener('click', (event) => event.target === sheet && sheet.close());
  sheet.addEventListener('close', () => {
    one('#sheet-body').replaceChildren();
    if (opener?.isConnected) opener.focus();
  });
  document.addEventListener('htmx:config:request', (event) => {
    const { ctx } = event.detail;
    if (sheet.contains(ctx.sourceElement)) ctx.request.headers['Rapport-Dialog'] = 'true';
  });
  document.addEventListener('saved', () => {
    if (!sheet.open) return;
    sheet.close();
    refresh();
  });
}
