// The desk's own script: counts down to deadlines, says how many wait in the title, and warns when what is shown is old.
// The board itself comes by hx-sse; without any script a person can still log in, read a page anew, answer and report.
(() => {
  'use strict';
  const OLD_MS = 16000; // three beats of the server
  const title = document.title;
  let offset = 0; // of this machine's clock against the server's
  let heard = Date.now();

  const byId = id => document.getElementById(id);

  function clockFrom(text) {
    const at = Date.parse(text);
    if (!Number.isNaN(at)) offset = at - Date.now();
  }

  function tick() {
    const now = Date.now() + offset;
    for (const one of document.querySelectorAll('[data-until]')) {
      const left = Math.floor((Date.parse(one.dataset.until) - now) / 1000);
      if (Number.isNaN(left)) continue;
      const seconds = Math.abs(left) % 60, minutes = Math.floor(Math.abs(left) / 60);
      const text = `${left < 0 ? '−' : ''}${minutes}:${String(seconds).padStart(2, '0')}`;
      if (one.textContent !== text) one.textContent = text;
      one.classList.toggle('over', left < 0);
    }
    const old = byId('old');
    if (old) old.hidden = Date.now() - heard < OLD_MS;
  }

  function facts() {
    const found = byId('facts');
    if (!found) return;
    clockFrom(found.dataset.now);
    const waiting = Number(found.dataset.waiting || 0);
    document.title = waiting ? `(${waiting}) ${title}` : title;
    tick();
  }

  function alive() {
    heard = Date.now();
    const down = byId('down');
    if (down) down.hidden = true;
    tick();
  }

  document.addEventListener('htmx:sse:after:message', event => {
    const message = event.detail.message;
    if (message.event === 'down') {
      heard = Date.now();
      byId('down').hidden = false;
    } else if (message.event === 'over') {
      window.location.assign('/login');
    } else {
      alive();
      if (message.event === 'beat') clockFrom(message.data); else facts();
    }
  });
  document.addEventListener('htmx:sse:error', event => {
    if (event.detail.status === 401) window.location.assign('/login');
  });
  document.addEventListener('htmx:after:swap', facts);
  document.addEventListener('DOMContentLoaded', facts);
  window.setInterval(tick, 1000);
  facts();
})();
