// `/sign-in-with.js`: presses the button of the page that a provider of accounts leads back to. Without this script the
// button does the same with one tap more.
const form = document.querySelector<HTMLFormElement>('form[data-go-on]');
if (form) {
  // The code of the provider's answer is good for one use; it need not stay in the address bar.
  history.replaceState(null, '', location.pathname);
  form.requestSubmit();
  // A tap before the answer would post the form twice.
  const button = form.querySelector('button');
  if (button) button.disabled = true;
}
