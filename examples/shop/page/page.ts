/** The page of the shop: which pod has the visitor's session, the cart in that pod's memory and, within the demo, all pods. */
import { readFileSync } from 'node:fs';

/** `items`: undefined while the visitor is not logged in. `demoUrl`: the demo's API, which reports all pods and scales them. */
export type PageContent = { pod: string; items: readonly string[] | undefined; demoUrl: string | undefined };

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');
const template = read('page.html');

/** What the page loads besides itself, by path. */
export const pageAssets: Readonly<Record<string, { type: string; body: string }>> = {
  '/shop.css': { type: 'text/css; charset=utf-8', body: read('shop.css') },
  '/shop.js': { type: 'text/javascript; charset=utf-8', body: read('shop.js') },
};

export function renderPage({ pod, items, demoUrl }: PageContent): string {
  const values: Record<string, string> = {
    pod: escapeHtml(pod),
    demoUrl: escapeHtml(demoUrl ?? ''),
    cart: items === undefined ? loginForm : renderCart(items),
    demoHidden: demoUrl === undefined ? 'hidden' : '',
  };
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? '');
}

/** Nothing from elsewhere is loaded, and the only other origin that the script may call is the demo's. */
export function contentSecurityPolicy(demoUrl: string | undefined): string {
  const connect = demoUrl === undefined ? "'self'" : `'self' ${new URL(demoUrl).origin}`;
  return [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    'img-src data:',
    `connect-src ${connect}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

const loginForm = `<p>You are not logged in.</p>
<form data-post="/login"><button class="primary">Log in</button></form>`;

const renderCart = (items: readonly string[]): string => `${renderItems(items)}
<form class="row" data-post="/cart/items">
<input name="item" aria-label="Item" required maxlength="100" autocomplete="off" placeholder="Green tea"><button class="primary">Add to cart</button>
</form>
<form data-post="/logout"><button>Log out</button></form>`;

const renderItems = (items: readonly string[]): string =>
  items.length === 0
    ? '<p class="hint">Your cart is empty.</p>'
    : `<ul class="items">${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
