/* <button type="button" data-copy="#snippet">Copy</button>   copies that element's text, or value
   <button type="button" data-copy-text="…">Copy</button> */
import { on, one, say } from './lib.js';
import { toast } from './toasts.js';

on('click', '[data-copy], [data-copy-text]', async (button) => {
  const source = button.dataset.copy && one(button.dataset.copy);
  const text = button.dataset.copyText ?? source?.value ?? source?.textContent ?? '';
  try {
    await navigator.clipboard.writeText(text.trim());
    toast(say('copied'));
  } catch {
    // Not a secure address, or not allowed: select it, so that Ctrl C does it.
    if (source) getSelection().selectAllChildren(source);
  }
});
