// The card that offers the app for the home screen: the browser's own prompt where there is one, else the steps of this
// browser. It comes after the second answer, keeps quiet for a month after "later", and never inside the installed app.
const LATER_MS = 30 * 86_400_000;
const LATER = 'install-later';
let prompt; // the browser's, kept for our own button

// Comes early, perhaps before the page woke up.
globalThis.addEventListener?.('beforeinstallprompt', (event) => {
  event.preventDefault();
  prompt = event;
  show();
});

const isInstalled = () => matchMedia('(display-mode: standalone)').matches || navigator.standalone;

/** A browser inside another app, as `api::convert::door` knows them, can install nothing. */
export const is_in_app = () => /KAKAOTALK|NAVER\(inapp|Instagram|FBA[NV]|Line\/|DaumApps/.test(navigator.userAgent);

/** Which card this browser gets. */
function way() {
  const { userAgent } = navigator;
  if (prompt) return 'prompt';
  if (is_in_app()) return '';
  // Only Safari's kind knows `standalone`; an iPad calls itself a Mac.
  if ('standalone' in navigator && navigator.maxTouchPoints > 1) return 'iphone';
  if (/SamsungBrowser/.test(userAgent)) return 'samsung';
  return /Android.*Chrome\//.test(userAgent) ? 'chrome' : '';
}

let hadAnswer; // this page showed my answer from the start

function show() {
  const mine = way();
  const isOther = document.querySelector('[data-push]:not([hidden]):not(.warm)');
  for (const card of document.querySelectorAll('[data-install]')) {
    const { install, answers, polite } = card.dataset;
    const given = Number(answers) + (hadAnswer ? 0 : document.querySelectorAll('.leaf.mine').length);
    // One request at a time: the card about notifications goes first.
    const isEarly = polite !== undefined && (given < 2 || isOther || Date.now() < Number(localStorage.getItem(LATER)));
    const isHidden = install !== mine || isInstalled() || isEarly;
    if (card.hidden !== isHidden) card.hidden = isHidden; // setting it again would be one more mutation, for ever
  }
}

async function act({ target }) {
  const { installAct } = target.dataset ?? {};
  if (!installAct) return;
  if (installAct === 'prompt') {
    const asked = prompt;
    prompt = undefined; // it can be used once
    await asked.prompt();
  }
  localStorage.setItem(LATER, Date.now() + LATER_MS);
  show();
}

/** On every page that has such cards. */
export function start_install() {
  if (!document.querySelector('[data-install]')) return;
  hadAnswer = document.querySelector('.leaf.mine');
  document.addEventListener('click', act);
  addEventListener('appinstalled', () => {
    prompt = undefined;
    localStorage.setItem(LATER, Date.now() + LATER_MS);
    show();
  });
  // The answer of this page, and whatever becomes of the card about notifications.
  new MutationObserver(show).observe(document.body, { subtree: true, childList: true, attributeFilter: ['hidden'] });
  show();
}
