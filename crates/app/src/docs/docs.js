'use strict';
for (const form of document.forms) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const { method, path, jwt } = form.dataset;
    const headers = {};
    const query = new URLSearchParams();
    let target = path;
    for (const field of form.querySelectorAll('[data-in]')) {
      const { name, value } = field;
      if (field.dataset.in === 'path') target = target.replace(`{${name}}`, encodeURIComponent(value));
      else if (value !== '' && field.dataset.in === 'query') query.append(name, value);
      else if (value !== '') headers[name] = value;
    }
    if (jwt !== undefined) headers.Authorization = `Bearer ${document.getElementById('jwt').value.trim()}`;
    const body = form.elements.body?.value;
    if (body) headers['Content-Type'] = 'application/json';
    const [status, told, content] = form.querySelector('output').children;
    const show = (line, lines, text) => {
      status.textContent = line;
      told.textContent = lines;
      content.textContent = text;
      status.parentElement.hidden = false;
    };
    const button = form.querySelector('button');
    button.disabled = true;
    try {
      const answer = await fetch(query.size ? `${target}?${query}` : target, {
        method, headers, body: body || undefined, cache: 'no-store', credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer',
      });
      let text = await answer.text();
      if (/json/.test(answer.headers.get('content-type'))) text = JSON.stringify(JSON.parse(text), null, 2);
      show(`${answer.status} ${answer.statusText}`, [...answer.headers].map((pair) => pair.join(': ')).join('\n'), text);
    } catch (error) {
      show('There was no answer', '', String(error));
    } finally {
      button.disabled = false;
      button.focus();
    }
  });
}
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}
addEventListener('hashchange', reveal);
reveal();
