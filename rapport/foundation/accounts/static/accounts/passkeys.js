/* What allauth's passkey scripts leave open: places where passkeys can't be, and an attempt that was broken off.
   <div data-passkey>…</div>             hidden where passkeys can't be
   <div data-no-passkey hidden>…</div>   shown there instead
   <div data-passkey-said hidden>…</div> shown when it did not work */
const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
const isNumber = /^[\d.]+$|^\[/.test(location.hostname); // browsers tie a passkey to a name, never to an IP address

if (!window.PublicKeyCredential || isNumber) {
  each('[data-passkey]', (part) => { part.hidden = true; });
  each('[data-no-passkey]', (part) => { part.hidden = false; });
}
document.addEventListener('allauth.error', (event) => {
  event.preventDefault();
  each('[data-passkey-said]', (part) => { part.hidden = false; });
});
