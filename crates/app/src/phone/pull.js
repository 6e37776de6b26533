// Pull to refresh: a finger that draws the list down from its top asks for it anew. Without a finger there is a button.
const FAR_ENOUGH = 80; // pixels
const JUST_A_TAP = 10;

let pulledFrom; // where the finger came down, while it may be a pull

function pulled(event) {
  return pulledFrom === undefined ? 0 : event.changedTouches[0].clientY - pulledFrom;
}

function showPull(distance) {
  show($('pull'), distance > 0);
  $('pull').style.height = `${Math.min(distance, 1.5 * FAR_ENOUGH)}px`;
  $('pull').textContent = distance >= FAR_ENOUGH ? 'Let go to refresh' : 'Pull down to refresh';
}

function endPull() {
  pulledFrom = undefined;
  showPull(0);
}

main.addEventListener('touchstart', (event) => {
  const isAtTop = view.name === 'leads' && !$('leads').hidden && scrolled() <= 0 && event.touches.length === 1;
  pulledFrom = isAtTop ? event.touches[0].clientY : undefined;
}, { passive: true });

main.addEventListener('touchmove', (event) => {
  if (pulledFrom === undefined) return;
  const distance = pulled(event);
  if (distance < 0) return endPull(); // the page is scrolled
  if (distance > JUST_A_TAP && event.cancelable) event.preventDefault(); // the browser would draw the page down itself
  return showPull(distance > JUST_A_TAP ? distance : 0);
}, { passive: false });

main.addEventListener('touchend', (event) => {
  const distance = pulled(event);
  endPull();
  if (distance >= FAR_ENOUGH) refreshLeads();
});

main.addEventListener('touchcancel', endPull);
