document.getElementById('return').addEventListener('click', (tap) => window.open(tap.currentTarget.dataset.link, '_self'));
