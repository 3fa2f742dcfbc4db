/* What allauth's passkey scripts leave open: a browser that knows no passkeys, and an attempt that was broken off.
   <p data-passkey-said hidden>Nothing was changed. Try again …</p>      shown when it did not work
   <div data-passkey>…</div>                                             hidden where passkeys are not known */
const one = (selector) => document.querySelector(selector);

if (!window.PublicKeyCredential) {
  document.querySelectorAll('[data-passkey]').forEach((part) => { part.hidden = true; });
}
document.addEventListener('allauth.error', (event) => {
  const said = one('[data-passkey-said]');
  if (!said) return;
  event.preventDefault();
  said.hidden = false;
});
