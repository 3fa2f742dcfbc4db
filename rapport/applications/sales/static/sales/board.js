/* The board: cards are dragged from column to column, and arrow keys walk over them.
   <div id="board" data-behaviour="board" data-query="pipeline=sales" data-refused="The deal stays where it was.">
     <ul class="r-col-list"><li class="r-deal" data-version="3" data-from="qualify" data-move="/deals/…/move"><a href="…">
   A drop is one PATCH. Its answer is the card and the heads of the columns; a refusal puts the card back and is said.
   What the stage wants to know first is asked in the form that also stands behind the card's menu. */
import { all, isTyping, on, one, refresh, token } from '../ui/js/lib.js';
import { toast } from '../ui/js/toasts.js';

const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
const bound = new WeakSet();

const askFirst = (card, stage) => {
  const link = document.createElement('a');
  link.href = `${card.dataset.move}?stage=${encodeURIComponent(stage)}`;
  link.dataset.dialog = '';
  link.hidden = true;
  card.append(link);
  link.click();
  link.remove();
};

const putIn = (text) => {
  const answer = document.createElement('template');
  answer.innerHTML = text;
  for (const part of [...answer.content.children]) {
    const old = document.getElementById(part.id);
    if (!old) continue;
    old.replaceWith(part);
    window.htmx.process(part);
  }
};

const move = async (card, stage, putBack) => {
  const { version, from, move: url } = card.dataset;
  const board = card.closest('[data-behaviour=board]');
  let answer;
  try {
    answer = await fetch(`${url}?${board.dataset.query}`, {
      method: 'PATCH',
      headers: { 'X-CSRFToken': token(), 'HX-Request': 'true', 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ stage, version, from }),
    });
  } catch {
    putBack();
    return toast(board.dataset.refused);
  }
  if (answer.ok) {
    putIn(await answer.text());
    const said = JSON.parse(answer.headers.get('HX-Trigger') || '{}');
    if (said.toast) document.dispatchEvent(new CustomEvent('toast', { detail: said.toast }));
    return one(`#${card.id} a`)?.focus({ preventScroll: true });
  }
  putBack();
  const refused = answer.headers.get('Content-Type')?.includes('json') ? await answer.json() : {};
  if (refused.asks) return askFirst(card, stage);
  toast(refused.reason || board.dataset.refused);
  if (answer.status === 409) refresh();
};

const dropped = ({ item, from, to, oldIndex }) => {
  if (from === to) return;
  const stage = to.closest('[data-stage]').dataset.stage;
  move(item, stage, () => from.insertBefore(item, from.children[oldIndex] ?? null));
};

const bind = () => all('[data-behaviour=board] .r-col-list').filter((list) => !bound.has(list)).forEach((list) => {
  bound.add(list);
  if (!one('[data-move-menu]', list.closest('#board'))) return; // nobody who may move anything
  window.Sortable.create(list, {
    group: 'deals', draggable: '.r-deal', filter: '.r-deal-m', preventOnFilter: false, sort: false,
    animation: isCalm ? 0 : 140, ghostClass: 'r-ghost', delay: 180, delayOnTouchOnly: true, scroll: true, onEnd: dropped,
  });
});

const step = (card, key) => {
  const [column, columns] = [card.closest('.r-col'), all('.r-col')];
  if (key === 'ArrowDown') return card.nextElementSibling;
  if (key === 'ArrowUp') return card.previousElementSibling;
  const way = key === 'ArrowRight' ? 1 : -1;
  for (let at = columns.indexOf(column) + way; columns[at]; at += way) {
    const cards = all('.r-deal', columns[at]);
    if (cards.length) return cards[Math.min(cards.length - 1, all('.r-deal', column).indexOf(card))];
  }
  return null;
};

on('keydown', '#board .r-deal', (card, event) => {
  if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.toLowerCase() === 'm') return one('[data-move-menu]', card)?.click();
  if (!event.key.startsWith('Arrow')) return;
  const next = step(card, event.key);
  if (!next) return;
  event.preventDefault();
  one('a', next)?.focus();
});

document.addEventListener('htmx:after:swap', bind);
bind();
