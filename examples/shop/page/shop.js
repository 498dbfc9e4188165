/** The script of the shop's page: its forms and, within the demo, the pods as the demo reports them by server-sent events. */

const { ownPod, demoUrl } = document.body.dataset;
const byId = (id) => document.getElementById(id);

for (const form of document.forms) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send(form);
  });
}

if (demoUrl) watchDemo();

async function send(form) {
  await fetch(form.dataset.post, { method: 'POST', body: JSON.stringify(Object.fromEntries(new FormData(form))) });
  location.reload();
}

function watchDemo() {
  let latest;
  const events = new EventSource(`${demoUrl}events`);
  events.addEventListener('open', () => showConnection('Live', 'live'));
  events.addEventListener('error', () => showConnection('The demo is not running', 'down'));
  events.addEventListener('message', ({ data }) => {
    latest = JSON.parse(data);
    show(latest);
  });
  // Deadlines count down between two events.
  setInterval(() => latest && showPods(latest.pods), 1000);
  for (const button of document.querySelectorAll('[data-replicas]')) {
    button.addEventListener('click', () => void scale(button.dataset.replicas));
  }
}

/** The demo reports the new number in its next event. */
async function scale(replicas) {
  const response = await fetch(`${demoUrl}?replicas=${replicas}`, { method: 'POST' }).catch(() => undefined);
  if (!response?.ok) showConnection('Scaling failed', 'down');
}

function showConnection(text, state) {
  byId('connection').textContent = text;
  byId('connection').dataset.state = state;
}

function show({ wantedReplicas, pods, sessions }) {
  showPods(pods);
  byId('total-pods').textContent = pods.length;
  for (const name of ['active', 'started', 'ended', 'lost']) byId(`total-${name}`).textContent = sessions[name];
  byId('demo').dataset.lost = sessions.lost;
  for (const button of document.querySelectorAll('[data-replicas]')) {
    button.setAttribute('aria-pressed', Number(button.dataset.replicas) === wantedReplicas);
  }
}

/** One card a pod. A card stays the same element while its pod is there, so that a screen reader keeps its place. */
function showPods(pods) {
  const list = byId('pods');
  const cards = new Map([...list.children].map((card) => [card.dataset.pod, card]));
  const shown = pods.map((pod) =>
    showPod(cards.get(pod.name) ?? byId('pod').content.firstElementChild.cloneNode(true), pod),
  );
  for (const card of cards.values()) if (!shown.includes(card)) card.remove();
  shown.forEach((card, index) => {
    if (list.children[index] !== card) list.insertBefore(card, list.children[index] ?? null);
  });
}

function showPod(card, { name, state, sessions, unconfirmed, deadlineMs }) {
  card.dataset.pod = name;
  card.dataset.state = state;
  card.classList.toggle('is-own', name === ownPod);
  setText(card, 'h3', name);
  setText(card, '.badge', state);
  setText(card, '.count strong', sessions ?? '?');
  const noun = sessions === 1 ? 'session' : 'sessions';
  setText(card, '.count span', unconfirmed === undefined ? noun : `${noun} + ${unconfirmed} unconfirmed`);
  setText(card, '.note', describe(state, deadlineMs));
  showDots(card.querySelector('.dots'), sessions ?? 0);
  return card;
}

/** Unchanged text is left alone: screen readers announce what is written. */
function setText(card, selector, text) {
  const element = card.querySelector(selector);
  if (element.textContent !== String(text)) element.textContent = text;
}

function describe(state, deadlineMs) {
  if (state === 'Starting') return 'Not ready yet';
  if (state === 'Accepting') return 'Accepts new sessions';
  if (state === 'Ending') return 'No sessions left · terminating';
  return deadlineMs === undefined
    ? 'No new sessions'
    : `No new sessions · at most ${formatLeft(deadlineMs - Date.now())} left`;
}

/** `59:07`, `1:00:00`. */
function formatLeft(leftMs) {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const pad = (part) => String(part).padStart(2, '0');
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

/** A dot a session. */
function showDots(dots, sessions) {
  while (dots.childElementCount > sessions) dots.lastElementChild.remove();
  while (dots.childElementCount < sessions) dots.append(document.createElement('i'));
}
