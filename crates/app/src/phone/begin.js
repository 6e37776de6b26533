// What the page does by itself: it begins, and asks again when somebody comes back to it.
for (const radio of document.getElementsByName('user')) {
  radio.checked = radio.value === user.name;
  radio.addEventListener('change', () => switchUser(radio.value));
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  start();
  renewView();
});
addEventListener('pageshow', (event) => event.persisted && start());
start();
