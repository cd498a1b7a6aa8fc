/** What people have done to servers: asked for by a table's form, confirmed, carried out, and told. */

import type { PageDocument, PageElement, PageEvent, PageInput, PageWindow } from './dom.ts';
import { confirmation, get, place } from './elements.ts';
import { poll } from './live.ts';
import { data, tellMarked } from './looking.ts';
import { ACTIONS, type Action, cellOf, type PageRow, RESULTS } from './shape.ts';
import { html } from './text.ts';

declare const document: PageDocument;
declare const window: PageWindow;

interface Order {
  readonly action: Action;
  readonly backend: string;
  readonly names: readonly string[];
}

let pending: { readonly form: PageElement; readonly order: Order } | undefined;
let toasting: ReturnType<typeof setTimeout> | undefined;

function onSubmit(event: PageEvent): void {
  const order = orderOf(event.target, event.submitter);
  if (order === undefined) return;
  event.preventDefault();
  confirmOrder(event.target, order);
}

function orderOf(form: PageElement, submitter: PageInput | null | undefined): Order | undefined {
  const chosen = submitter?.value || form.querySelector<PageInput>('select')?.value;
  const action = ACTIONS.find(({ name }) => name === chosen);
  const boxes = [...form.querySelectorAll<PageInput>('input[name="s"]')];
  const names = boxes.filter((box) => box.checked || box.getAttribute('type') === 'hidden').map((box) => box.value);
  const backend = form.querySelector<PageInput>('input[name="b"]')?.value;
  return action === undefined || backend === undefined ? undefined : { action, backend, names };
}

function confirmOrder(form: PageElement, order: Order): void {
  const { action, names } = order;
  if (names.length === 0) {
    toast('Select servers first.');
    return;
  }
  const many = names.length === 1 ? names[0] : `${names.length} servers`;
  const list =
    names.length === 1
      ? ''
      : `<ul>${names
          .slice(0, 12)
          .map((name) => `<li>${html(name)}</li>`)
          .join('')}${names.length > 12 ? `<li>and ${names.length - 12} more</li>` : ''}</ul>`;
  const they = names.length === 1 ? 'It' : 'Each of them';
  const last = leavesNobody(order) ? '<p class="told"><b>Nobody would be left to take traffic in this backend.</b></p>' : '';
  get('confirm-title').textContent = `${action.label}: ${many}?`;
  get('confirm-body').innerHTML = `${list}<p>${they} ${html(action.effect)}</p>${last}`;
  const yes = get('confirm-yes');
  yes.textContent = action.label;
  pending = { form, order };
  confirmation.showModal();
  yes.focus();
}

function leavesNobody({ action, backend, names }: Order): boolean {
  const proxy = data?.proxies.find(({ name, form }) => form && name === backend);
  if (action.stops !== true || proxy === undefined) return false;
  const working = (row: PageRow): boolean => {
    const status = String(cellOf(row, 'status'));
    return row.side === 'S' && (status.startsWith('UP') || status === 'no check');
  };
  return proxy.rows.some(working) && !proxy.rows.some((row) => working(row) && !names.includes(row.name));
}

async function carryOut(): Promise<void> {
  confirmation.close();
  const { form, order } = pending ?? {};
  pending = undefined;
  if (form === undefined || order === undefined) return;
  const body = new URLSearchParams([
    ...order.names.map((name): [string, string] => ['s', name]),
    ['action', order.action.name],
    ['b', order.backend],
  ]);
  try {
    const answer = await fetch(window.location.origin + place.uri + place.options, { method: 'POST', body });
    const code = /;st=([A-Z]{4})/.exec(answer.url)?.[1] ?? 'UNKN';
    // The page that comes with it is not needed.
    await answer.body?.cancel();
    toast(
      `${order.action.label}: ${order.names.join(', ').slice(0, 200)}. ${answer.ok ? (RESULTS[code] ?? RESULTS.UNKN) : `The answer was ${answer.status}.`}`,
    );
    if (code === 'DONE') for (const box of form.querySelectorAll<PageInput>('input[type="checkbox"]')) box.checked = false;
  } catch {
    toast('Not known whether it was done: there was no answer.');
  }
  tellMarked(form);
  void poll();
}

/** What has come of the action before this document is told once, not with every load. */
function tellResult(): void {
  const told = get('toast').textContent;
  if (told === '') return;
  toast(told);
  const { pathname, search, hash } = window.location;
  window.history.replaceState(window.history.state, '', (pathname + search).replace(/;st=[A-Z]{4}/, '') + hash);
}

function toast(text: string): void {
  clearTimeout(toasting);
  get('toast').textContent = text;
  toasting = setTimeout(() => {
    get('toast').textContent = '';
  }, 20_000);
}

export function startOrders(): void {
  document.addEventListener('submit', onSubmit);
  get('confirm-yes').addEventListener('click', () => void carryOut());
  get('confirm-no').addEventListener('click', () => confirmation.close());
  tellResult();
}
