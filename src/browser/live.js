// The line to the server, and how the tabs of one browser share it. Server-sent events first; behind a proxy that holds
// them back, long poll. One tab leads (Web Locks), holds the only line and tells the others what it hears
// (BroadcastChannel); without either, each tab has its own. The feed's numbers carry everything: whoever comes, goes,
// sleeps or takes over goes on from the last number it has, and what comes twice is dropped.
import * as opening from './opening.js';
import * as presence from './presence.js';

const FIRST_BYTE_MS = 5_000; // the server says hello at once
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
  let pollSince = 0;
  let heardAt = Date.now();

  const isVisible = () => document.visibilityState === 'visible';
  const say = (message) => channel?.postMessage(message);
  const isLeading = () => !isShared || release;

  function take(kind, text) {
    heardAt = Date.now();
    if (kind === 'presence') return presence.show(JSON.parse(text));
    if (kind === 'told') {
      const event = JSON.parse(text);
      if (event.seq <= cursor) return;
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
    if (kind !== 'ping') tell(kind, text);
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
    clearTimeout(firstByte);
  }

  function connect() {
    disconnect();
    if (!isOn || isReplaced) return;
    heardAt = Date.now();
    if (road === 'poll') {
      poll();
      return;
    }
    source = new EventSource(`/events?after=${cursor}`);
    firstByte = setTimeout(slowDown, FIRST_BYTE_MS);
    for (const kind of ['hello', 'told', 'reset', 'ping', 'presence', 'replaced']) source.addEventListener(kind, hear);
    source.onerror = fail;
  }

  function hear({ type, data }) {
    clearTimeout(firstByte);
    failures = 0;
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
    clearTimeout(firstByte);
    setLost(true);
    // While it is CONNECTING the browser tries again by itself, from the last number it saw.
    // Without a network nobody refused us, and there is nothing to ask again.
    if (source?.readyState === EventSource.CLOSED) later(navigator.onLine);
  }

  /** Full jitter, so that a restart is not answered by everybody at once. */
  function later(isRefused) {
    failures += 1;
    const most = Math.min(60_000, 1_000 * 2 ** failures);
    timer = setTimeout(connect, 500 + Math.random() * most);
    // The session may be gone: asking again finds out.
    if (isRefused) heard('refetch');
  }

  function slowDown() {
    road = 'poll';
    pollSince = Date.now();
    connect();
  }

  async function poll() {
    const { signal } = (turn = new AbortController());
    try {
      while (Date.now() - pollSince < SSE_AGAIN_MS) {
        const response = await fetch(`/events?wait=${WAIT_S}&after=${cursor}`, { signal, headers: { accept: 'application/json' } });
        if (!response.ok) throw response.status;
        const { build, seq, reset, replaced: isOver, events } = await response.json();
        if (signal.aborted) return;
        failures = 0;
        setLost(false);
        heard('road', road);
        heard('hello', JSON.stringify({ build }));
        if (reset) heard('reset', JSON.stringify({ seq }));
        for (const event of events) heard('told', JSON.stringify(event));
        if (isOver) return replaced();
      }
      road = 'sse';
      connect();
    } catch (reason) {
      if (signal.aborted) return;
      road = 'sse';
      setLost(true);
      later(reason === 401);
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

  function hearTab({ data: { kind, text } }) {
    if (kind === 'where') {
      if (release) say({ kind: 'here', text: cursor });
    } else if (!release) {
      if (kind === 'here') {
        heardAt = Date.now();
        tell('road', 'tab');
        if (text > cursor) {
          cursor = text;
          tell('refetch', '');
        }
      } else {
        take(kind, kind === 'road' && text === 'sse' ? 'tab' : text);
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

  function again() {
    isReplaced = false;
    if (isLeading()) connect();
    else say({ kind: 'where' });
    tell('refetch', '');
  }

  /** iOS calls a dead wire open; a frozen leader holds the lock and says nothing. */
  function check() {
    if (!isOn || !isVisible()) return;
    if (isReplaced) again();
    else if (Date.now() - heardAt > SILENCE_MS) {
      heardAt = Date.now();
      if (isLeading()) again();
      else {
        asking?.abort();
        stand({ steal: true });
      }
    }
  }

  addEventListener('pagehide', stop);
  addEventListener('pageshow', ({ persisted }) => {
    // The first show of a fresh page opened the line already.
    if (!persisted) return;
    start();
    tell('refetch', '');
  });
  addEventListener('online', again);
  document.addEventListener('visibilitychange', check);
  setInterval(check, 5_000);
  start();
  presence.start();
  opening.start(person);
}
