/* Rapport beacon. Tells your Rapport which pages are seen; what it keeps and sends is described under
   Settings, Connect your website.  <script defer src="…/b/beacon.js" data-key="…" data-consent="required"></script>
   rapport.track(kind, properties) · rapport.identify({email, phone, external, name, …}) · rapport.consent(true | false) */
(function (w, d, n) {
  'use strict';
  var me = d.currentScript, before = w.rapport || {}, NAME = '_rapport', QUEUE = '_rapport_queue';
  if (!me || before.track && !before.q || n.webdriver) return;
  var option = function (name) { return me.getAttribute('data-' + name) || ''; };
  var to = me.src.replace(/\/b\/beacon\.js.*$/, '/b/') + option('key');
  var signals = option('signals') || 'gpc';
  var refused = /gpc/.test(signals) && n.globalPrivacyControl || /dnt/.test(signals) && n.doNotTrack === '1';
  var asked = option('consent') === 'required';
  var page = random(), queue = [], held = [], waiting, pause = 0, failures = 0, seen;
  var allowed = !refused && (!asked || !!cookie());

  function random() {
    var bytes = new Uint8Array(16);
    w.crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (b) { return ('0' + b.toString(16)).slice(-2); }).join('');
  }
  function cookie() {
    var found = d.cookie.match(/(?:^|; )_rapport=([0-9a-f]{32})/);
    return found && found[1];
  }
  function keep(value, seconds) {
    var domain = option('domain');
    d.cookie = NAME + '=' + value + '; path=/; max-age=' + seconds + '; SameSite=Lax' +
      (domain ? '; domain=' + domain : '') + (location.protocol === 'https:' ? '; Secure' : '');
  }
  function visitor() {
    if (!allowed) return '';
    var id = cookie() || random();
    keep(id, 34128000); /* 13 months, from the last visit */
    return cookie() || '';
  }
  function store() { /* what could not be sent yet, for the next page */
    if (allowed) try {
      queue.length ? localStorage.setItem(QUEUE, JSON.stringify(queue.slice(-50))) : localStorage.removeItem(QUEUE);
    } catch (e) { /* full or forbidden: kept in memory only */ }
  }
  function add(event) {
    event.id = random();
    event.at = Date.now();
    queue.push(event);
    if (queue.length > 200) queue.shift();
    waiting = waiting || setTimeout(send, Math.max(400, pause - Date.now()));
  }
  function send(leaving) {
    clearTimeout(waiting);
    waiting = 0;
    if (!queue.length || leaving !== true && Date.now() < pause) return again();
    var events = queue.splice(0, 20), id = visitor();
    var body = JSON.stringify({ cookie: id, page: id ? '' : page, events: events.map(function (e) {
      return { id: e.id, kind: e.kind, age: Date.now() - e.at, properties: e.properties, customer: e.customer };
    }) });
    if (leaving === true && n.sendBeacon && n.sendBeacon(to, new Blob([body], { type: 'text/plain' }))) return store(), send(true);
    fetch(to, { method: 'POST', body: body, keepalive: body.length < 60000, credentials: 'omit', headers: { 'Content-Type': 'text/plain' } })
      .then(function (answer) {
        if (answer.status === 429 || answer.status > 499) throw answer;
        failures = 0;
        store();
        again();
      })
      .catch(function (answer) { /* the ids make sending twice harmless */
        queue = events.concat(queue);
        failures++;
        var told = answer.headers && +answer.headers.get('Retry-After');
        pause = Date.now() + 1000 * (told || Math.min(300, Math.pow(2, failures)));
        store();
        if (failures < 9) again();
      });
  }
  function again() {
    if (queue.length && !waiting) waiting = setTimeout(send, Math.max(400, pause - Date.now()));
  }
  function look() {
    var here = location.origin + location.pathname, known = {}, asks = new URLSearchParams(location.search);
    if (here === seen) return;
    ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content', 'gclid', 'fbclid', 'msclkid', 'ttclid', 'li_fat_id']
      .forEach(function (name) { if (asks.get(name)) known[name] = asks.get(name).slice(0, 200); });
    known.url = here.slice(0, 1000);
    known.title = d.title.slice(0, 300);
    var from = seen || d.referrer.split(/[?#]/)[0];
    if (from) known.referrer = from.slice(0, 1000);
    seen = here;
    add({ kind: 'page_viewed', properties: known });
  }
  function soon() { setTimeout(look, 60); } /* the new title is set after the address */

  var api = {
    page: function () { seen = ''; look(); },
    track: function (kind, properties) { add({ kind: String(kind), properties: properties || {} }); },
    identify: function (who) {
      if (!allowed) return void held.push(who); /* told once the visitor agrees, else never */
      var customer = { fields: {} };
      Object.keys(who || {}).forEach(function (name) {
        (/^(email|phone|external)$/.test(name) ? customer : customer.fields)[name] = who[name];
      });
      add({ kind: 'identified', properties: {}, customer: customer });
    },
    consent: function (yes) {
      allowed = !!yes;
      if (allowed) { visitor(); held.splice(0).forEach(api.identify); }
      else { keep('', 0); try { localStorage.removeItem(QUEUE); } catch (e) { /* nothing was kept */ } }
    }
  };
  w.rapport = api;
  try { if (allowed) queue = JSON.parse(localStorage.getItem(QUEUE) || '[]'); } catch (e) { /* begin anew */ }
  if (option('pages') !== 'off') {
    ['pushState', 'replaceState'].forEach(function (name) {
      var own = history[name];
      history[name] = function () { own.apply(history, arguments); soon(); };
    });
    w.addEventListener('popstate', soon);
    look();
  }
  (before.q || []).forEach(function (call) { api[call[0]].apply(api, call[1]); });
  d.addEventListener('visibilitychange', function () { if (d.visibilityState === 'hidden') send(true); });
  w.addEventListener('pagehide', function () { send(true); });
})(window, document, navigator);
