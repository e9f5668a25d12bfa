/**
 * A director that was updated has other files than the page that is open: what the page then lacks makes it load
 * anew, once; drafts lie in the browser and at the director.
 */
const KEY = 'millrace.loaded-anew';
/** Within this time it did not help, and the page says so. */
const AGAIN_MS = 30_000;

export function loadAnewWhenOutdated(): void {
  window.addEventListener('vite:preloadError', (event) => {
    if (Date.now() - Number(sessionStorage.getItem(KEY) ?? 0) < AGAIN_MS) return;
    event.preventDefault();
    sessionStorage.setItem(KEY, String(Date.now()));
    location.reload();
  });
}
