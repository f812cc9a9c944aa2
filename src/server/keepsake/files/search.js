// Search of a copy, from a disk. Without this script the page shows every card.
'use strict';
(() => {
  const form = document.getElementById('search');
  if (!form || !window.ARCHIVE) return;
  // Spaces and punctuation do not count: 할머니댁 finds 할머니 댁.
  const folded = (text) => text.normalize('NFC').toLowerCase().replace(/[\s\p{P}]/gu, '');
  const cards = window.ARCHIVE.pairs.flatMap((pair) => [...pair.cards, ...pair.unopened]);
  const index = cards.flatMap((card) => {
    const element = document.getElementById(`card-${card.id}`);
    if (!element) return [];
    const topics = [card.wordings.ko.topic, card.wordings.en.topic];
    const texts = [...topics, card.asked.parent, card.asked.child, card.parent?.text, card.child?.text, card.date];
    return [{ element, texts: texts.filter(Boolean).map(folded) }];
  });
  const label = document.createElement('label');
  label.textContent = form.dataset.label;
  label.htmlFor = 'search-for';
  const input = document.createElement('input');
  input.type = 'search';
  input.id = 'search-for';
  const told = document.createElement('p');
  told.setAttribute('role', 'status');
  form.append(label, input, told);
  form.hidden = false;
  input.addEventListener('input', () => {
    const terms = input.value.split(/\s+/).map(folded).filter(Boolean);
    let found = 0;
    for (const { element, texts } of index) {
      const isFound = terms.every((term) => texts.some((text) => text.includes(term)));
      element.hidden = !isFound;
      if (isFound) found += 1;
    }
    const sentence = found ? form.dataset.found.replace('{count}', String(found)) : form.dataset.none;
    told.textContent = terms.length ? sentence : '';
  });
})();
