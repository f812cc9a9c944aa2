// The line to the server, and how the tabs of one browser share it. Server-sent events first; behind a proxy that holds
// them back, long poll. One tab leads (Web Locks), holds the only line and tells the others what it hears
// (BroadcastChannel); without either, each tab has its own. The feed's numbers carry everything: whoever comes, goes,
// sleeps or takes over goes on from the last number it has, and what comes twice is dropped.
import * as opening from './opening.js';
import * as presence from './presence.js';

const FIRST_BYTE_MS = 5_000; // the server says hello at once
const TRIES = 3; // of a stream by the browser itself, before we ask why
const RETRY_MS = 8_000; // the longest that the server asks browsers to wait before they reconnect
const SSE_AGAIN_MS = 600_000; // from long poll, later
const SILENCE_MS = 35_000; // more than two heartbeats: the wire is dead, or the leader frozen
const WAIT_S = 25;

/**
 * Opens the line after `cursor`; it lives as long as the page. `person`: who shares it, or nothing.
 * Tells (kind, text): `hello` build · `told` an event as JSON · `refetch` · `lost` '1' or '' · `road` 'sse', 'poll' or 'tab'.
 */
export function open_line(cursor, person, tell) {
  const name = `live:${person}`;
  const isShared = person && navigator.locks && window.BroadcastChannel;
  let channel, asking, release; // the tabs' channel; our wish for the lock; gives the lock back
  let source, turn, timer, firstByte; // the line, whichever it is
  let road = 'sse';
  let isOn = false;
  let isReplaced = false;
  let isLost = false;
  let failures = 0;
  let tries = 0; // of this stream, without a word
  let refusals = 0; // of streams, in a row
  let pollUntil = 0;
  let heardAt = Date.now();

  const isVisible = () => document.visibilityState === 'visible';
  const say = (message) => channel?.postMessage(message);
  const isLeading = () => !isShared || release;
  // Whose page asks: somebody else may have signed in to this browser since.
  const query = () => `after=${cursor}` + (person ? `&whose=${person}` : '');

  function take(kind, text) {
    heardAt = Date.now();
    if (kind === 'presence') return presence.show(JSON.parse(text));
    if (kind === 'told') {
      const event = JSON.parse(text);
      if (event.seq <= cursor) return;
      // A person's numbers have no gaps: what another tab said before this one listened was missed.
      if (event.seq > cursor + 1 && !isLeading()) tell('refetch', '');
      cursor = event.seq;
      presence.settle(event.pair);
      if (event.kind === 'card_opened') opening.opened(`/p/${event.pair}/cards/${event.daily_question}`);
    }
    if (kind === 'reset') {
      cursor = JSON.parse(text).seq;
      kind = 'refetch';
    }
    if (kind === 'hello') {
      text = JSON.parse(text).build;
      // Under `make dev` every start is a build of its own, named with a dash: the page follows by itself.
      const { build } = document.documentElement.dataset;
      if (text !== build && build?.includes('-')) location.reload();
    }
    if (kind === 'lost') {
      isLost = Boolean(text);
      // A kept copy whose page is up to date again is a copy no more.
      for (const bar of document.querySelectorAll('.kept-bar')) bar.hidden = !isLost;
    }
    if (kind === 'road') showRoad(text);
    if (kind !== 'ping') tell(kind, text);
  }

  /** The settings say by which road news comes here. */
  function showRoad(text) {
    const badge = document.querySelector('[data-road]');
    if (badge) badge.textContent = badge.dataset[text];
  }

  /** From our own line: for us and for the other tabs. */
  function heard(kind, text = '') {
    take(kind, text);
    if (release) say({ kind, text });
  }

  function setLost(now) {
    if (now === isLost) return;
    isLost = now;
    heard('lost', now ? '1' : '');
  }

  // ---- the line itself

  function disconnect() {
    source?.close();
    turn?.abort();
    source = turn = undefined;
    clearTimeout(timer);
    firstByte = clearTimeout(firstByte);
  }

  function connect() {
    disconnect();
    if (!isOn || isReplaced) return;
    heardAt = Date.now();
    if (road === 'poll') {
      poll();
      return;
    }
    tries = 0;
    source = new EventSource(`/events?${query()}`);
    firstByte = setTimeout(slowDown, FIRST_BYTE_MS);
    for (const kind of ['hello', 'told', 'reset', 'ping', 'presence', 'replaced']) source.addEventListener(kind, hear);
    source.onerror = fail;
  }

  function hear({ type, data }) {
    firstByte = clearTimeout(firstByte);
    failures = refusals = tries = 0;
    setLost(false);
    if (type === 'hello') heard('road', road);
    if (type === 'replaced') replaced();
    else heard(type, data);
  }

  /** Another of this browser's lines was too many. Whoever looks may have it back. */
  function replaced() {
    isReplaced = true;
    disconnect();
  }

  function fail() {
    setLost(true);
    clearTimeout(firstByte);
    tries += 1;
    if (source?.readyState !== EventSource.CLOSED && tries < TRIES) {
      // The browser tries again by itself, from the last number it saw; and may be held back then.
      firstByte = setTimeout(slowDown, RETRY_MS + FIRST_BYTE_MS);
      return;
    }
    // A stream does not say why: a poll does. Where polls are answered and streams are not, they are the road.
    disconnect();
    road = 'poll';
    pollUntil = refusals ? Date.now() + SSE_AGAIN_MS : 0;
    refusals += 1;
    later();
  }

  /** Full jitter, so that a restart is not answered by everybody at once. */
  function later() {
    failures += 1;
    const most = Math.min(60_000, 1_000 * 2 ** failures);
    timer = setTimeout(connect, 500 + Math.random() * most);
  }

  function slowDown() {
    road = 'poll';
    pollUntil = Date.now() + SSE_AGAIN_MS;
    connect();
  }

  async function poll() {
    const { signal } = (turn = new AbortController());
    try {
      do {
        const isRoad = Date.now() < pollUntil;
        const wait = isRoad ? `wait=${WAIT_S}&` : '';
        const response = await fetch(`/events?${wait}${query()}`, { signal, headers: { accept: 'application/json' } });
        if (!response.ok) throw response.status;
        const { build, seq, reset, replaced: isOver, events } = await response.json();
        if (signal.aborted) return;
        failures = 0;
        if (isRoad) {
          setLost(false);
          heard('road', road);
        }
        heard('hello', JSON.stringify({ build }));
        if (reset) heard('reset', JSON.stringify({ seq }));
        for (const event of events) heard('told', JSON.stringify(event));
        if (isOver) return replaced();
      } while (Date.now() < pollUntil);
      road = 'sse';
      connect();
    } catch (reason) {
      if (signal.aborted) return;
      road = 'sse';
      setLost(true);
      later();
      // Nobody is signed in here any more, or somebody else: the page finds out.
      if (reason === 401) heard('refetch');
    }
  }

  // ---- the tabs

  /** Waits for the lock; with it this tab leads until it goes, or until it is robbed. */
  function stand(options) {
    const mine = (asking = new AbortController());
    const hold = () =>
      new Promise((done) => {
        release = done;
        connect();
        // Whoever asked while nobody led is answered now.
        sayHere();
      });
    navigator.locks
      .request(name, options.steal ? options : { signal: mine.signal }, hold)
      .catch(() => {})
      .then(() => {
        if (mine !== asking) return;
        release = undefined;
        disconnect();
        if (isOn) stand({});
      });
  }

  const sayHere = () => say({ kind: 'here', text: cursor, road });

  /** How a tab hears whose leader goes by this road. */
  const followed = (leaders) => (leaders === 'sse' ? 'tab' : leaders);

  function hearTab({ data: { kind, text, road: leaders } }) {
    if (kind === 'where') {
      if (release) sayHere();
    } else if (!release) {
      if (kind === 'here') {
        take('road', followed(leaders));
        if (text > cursor) {
          cursor = text;
          tell('refetch', '');
        }
      } else {
        take(kind, kind === 'road' ? followed(text) : text);
      }
    }
  }

  function start() {
    isOn = true;
    if (isShared) {
      channel = new BroadcastChannel(name);
      channel.onmessage = hearTab;
      stand({});
      say({ kind: 'where' });
    } else {
      connect();
    }
  }

  /** A page that is put away holds neither line nor lock. */
  function stop() {
    isOn = false;
    disconnect();
    asking?.abort();
    release?.();
    release = undefined;
    channel?.close();
    channel = undefined;
  }

  /** Goes on from the last number; what was missed comes by itself. */
  function again() {
    isReplaced = false;
    if (isLeading()) connect();
    else say({ kind: 'where' });
  }

  /** iOS calls a dead wire open; a frozen leader holds the lock and says nothing. */
  function check() {
    if (!isOn || !isVisible() || isReplaced || Date.now() - heardAt <= SILENCE_MS) return;
    heardAt = Date.now();
    if (isLeading()) again();
    else {
      asking?.abort();
      stand({ steal: true });
    }
  }

  /** A tab that was replaced has its line back when somebody comes to it. */
  function look() {
    if (isOn && isReplaced && isVisible()) again();
    else check();
  }

  addEventListener('pagehide', stop);
  addEventListener('pageshow', ({ persisted }) => {
    // The first show of a fresh page opened the line already.
    if (persisted) start();
  });
  addEventListener('online', again);
  addEventListener('focus', look);
  document.addEventListener('visibilitychange', look);
  setInterval(check, 5_000);
  start();
  presence.start();
  opening.start(person);
}
