/** The page that people see: which pod they are on, and what that pod remembers of them. */

const escapeHtml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** `items` is undefined for who is not logged in. */
export function renderPage(pod: string, items: readonly string[] | undefined): string {
  const cart = items
    ? `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>
<form data-post="/cart/items"><input name="item" required maxlength="100" placeholder="tea"> <button>Add</button></form>
<form data-post="/logout"><button>Log out</button></form>`
    : '<p>You are not logged in.</p>\n<form data-post="/login"><button>Log in</button></form>';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Shop on ${escapeHtml(pod)}</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 3rem auto; padding: 0 1rem }</style>
<h1>Shop</h1>
<p>This is pod <strong>${escapeHtml(pod)}</strong>. It keeps your cart in memory.</p>
${cart}
<script>
for (const form of document.forms) form.onsubmit = async (event) => {
  event.preventDefault();
  await fetch(form.dataset.post, { method: 'POST', body: JSON.stringify(Object.fromEntries(new FormData(form))) });
  location.reload();
};
</script>
</html>
`;
}
