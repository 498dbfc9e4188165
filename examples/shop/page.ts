/** The page that people see: which pod they are on, and what that pod remembers of them. */

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** What the page shows. `items`: undefined for who is not logged in. `scaleUrl`: who knows the other pods, and can have more of them or fewer. */
export type PageContent = { pod: string; items: readonly string[] | undefined; scaleUrl: string | undefined };

export const renderPage = ({ pod, items, scaleUrl }: PageContent): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Shop on ${escapeHtml(pod)}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 3rem auto; padding: 0 1rem }
td { padding-right: 2rem } .own { font-weight: bold }
</style>
<h1>Shop</h1>
<p>This is pod <strong>${escapeHtml(pod)}</strong>. It keeps your cart in memory.</p>
${items ? renderCart(items) : renderLogin()}
<script>
for (const form of document.forms) form.onsubmit = async (event) => {
  event.preventDefault();
  await fetch(form.dataset.post, { method: 'POST', body: JSON.stringify(Object.fromEntries(new FormData(form))) });
  location.reload();
};
</script>
${scaleUrl === undefined ? '' : renderScale(pod, scaleUrl)}</html>
`;

const renderLogin = (): string =>
  '<p>You are not logged in.</p>\n<form data-post="/login"><button>Log in</button></form>';

const renderCart = (
  items: readonly string[],
): string => `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>
<form data-post="/cart/items"><input name="item" required maxlength="100" placeholder="tea"> <button>Add</button></form>
<form data-post="/logout"><button>Log out</button></form>`;

/** All pods, and a button for each number of them: log in, scale to 1, and see that your pod stays until you log out. */
const renderScale = (pod: string, scaleUrl: string): string => `<h2>Pods</h2>
<p>Scale to ${[1, 2, 3, 4, 5].map((replicas) => `<button data-replicas="${replicas}">${replicas}</button>`).join(' ')} <span id="wanted"></span></p>
<table id="pods" data-own="${escapeHtml(pod)}" data-url="${escapeHtml(scaleUrl)}"></table>
<script>
const table = document.querySelector('#pods');
const row = ({ name, state, sessions }) => {
  const tr = document.createElement('tr');
  tr.className = name === table.dataset.own ? 'own' : '';
  for (const text of [name, state, (sessions ?? '?') + ' sessions']) tr.insertCell().textContent = text;
  return tr;
};
const ask = async (method, query = '') => {
  const wanted = document.querySelector('#wanted');
  try {
    const answer = await fetch(table.dataset.url + query, { method });
    const { wantedReplicas, pods } = await answer.json();
    wanted.textContent = 'wanted: ' + wantedReplicas;
    table.replaceChildren(...pods.map(row));
  } catch { wanted.textContent = 'the demo has ended'; }
};
for (const button of document.querySelectorAll('[data-replicas]')) button.onclick = () => ask('POST', '?replicas=' + button.dataset.replicas);
ask('GET');
setInterval(ask, 1000, 'GET');
</script>
`;
