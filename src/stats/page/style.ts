/**
 * The style sheet of the statistics page: light and dark, nothing loaded from anywhere. States are told by words and signs
 * as well; colours keep a contrast of 4.5 to 1 and more on every ground they stand on (`test/stats/page/style.test.ts`).
 */

import { COLUMNS, type PageColumn } from './columns.ts';

/** By name of the custom property; one palette for each scheme. */
export const PALETTES = {
  light: {
    ink: '#1b2330',
    soft: '#566072',
    paper: '#f4f6f9',
    card: '#ffffff',
    line: '#dfe4eb',
    hover: '#eef3fa',
    link: '#0a5bb0',
    focus: '#0a5bb0',
    bad: '#a8150c',
    spark: '#3f7fc4',
    up: '#1a6b3c',
    'up-ground': '#e1f4e7',
    going: '#7a5100',
    'going-ground': '#fdf0cb',
    down: '#a8150c',
    'down-ground': '#fde4e1',
    drain: '#1d4f8c',
    'drain-ground': '#e0ecfb',
    maint: '#673081',
    'maint-ground': '#f0e5f6',
    plain: '#4a5464',
    'plain-ground': '#e9edf2',
  },
  dark: {
    ink: '#e5e9f0',
    soft: '#a3adbd',
    paper: '#0f141b',
    card: '#171e27',
    line: '#2b3542',
    hover: '#1f2935',
    link: '#7fb9f5',
    focus: '#7fb9f5',
    bad: '#ff9c94',
    spark: '#5b9ae0',
    up: '#7fd8a2',
    'up-ground': '#143524',
    going: '#f2c661',
    'going-ground': '#3d3110',
    down: '#ffa39b',
    'down-ground': '#4a1b1a',
    drain: '#93c2fa',
    'drain-ground': '#17324f',
    maint: '#d8aef0',
    'maint-ground': '#3a2447',
    plain: '#bcc5d2',
    'plain-ground': '#283240',
  },
} as const;

function properties(palette: Readonly<Record<string, string>>): string {
  return Object.entries(palette)
    .map(([name, value]) => `--${name}: ${value};`)
    .join(' ');
}

function widths(): string {
  return COLUMNS.map(({ id, width }) => (width === undefined ? '' : `.c-${id} { width: ${width}em }`)).join(' ');
}

/** Below this, columns that say nothing in any row are left out, too. */
const ROOMY = 104;

/** What a window has no room for. Children are counted from 1, and the first is the name. */
function narrow(): string {
  const place = (column: PageColumn): number => COLUMNS.indexOf(column) + 2;
  const widths = [...new Set(COLUMNS.map(({ from }) => from))].filter((from) => from > 0);
  const rules = widths.map(
    (width) => [width, COLUMNS.filter(({ from }) => from === width).map((column) => `.tbl tr > :nth-child(${place(column)})`)] as const,
  );
  const silent = COLUMNS.filter(({ from }) => from > 0).map((column) => `.no-${place(column)} .tbl tr > :nth-child(${place(column)})`);
  return [...rules, [ROOMY, silent] as const]
    .map(([width, selectors]) => `@media (width < ${width}rem) { ${selectors.join(', ')} { display: none } }`)
    .join('\n');
}

export const STYLE = `
:root { color-scheme: light dark; ${properties(PALETTES.light)} }
@media (prefers-color-scheme: dark) { :root { ${properties(PALETTES.dark)} } }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0 auto; padding: 0 1.1rem 3rem; max-width: 150rem; background: var(--paper); color: var(--ink); font: .8125rem/1.45 system-ui, sans-serif; }
h1, h2, h3, h4, p, ul { margin: 0; } h1 { font-size: 1.25rem; } h2 { font-size: 1rem; } h3 { font-size: .95rem; margin: 1.1rem 0 .3rem; }
h4 { font-size: .85rem; color: var(--soft); margin: .6rem 0 .2rem; }
a { color: var(--link); } a:not(:hover) { text-decoration: none; } nav a:not(:hover), p a { text-decoration: underline; text-decoration-color: color-mix(in srgb, currentColor 35%, transparent); text-underline-offset: 3px; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 3px; }
code { font: .75rem/1.4 ui-monospace, monospace; } small { font-size: .72rem; }
.soft, small, .since, td.nothing, .nothing { color: var(--soft); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
header { display: flex; flex-wrap: wrap; gap: .3rem 1.6rem; align-items: center; padding: .9rem 0 .6rem; }
header h1 { display: flex; align-items: center; gap: .55rem; } header h1 svg { width: 1.3rem; height: 1.3rem; }
header nav { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; } header nav a[aria-current] { color: var(--ink); font-weight: 600; text-decoration: none; }
.status { margin-left: auto; display: flex; align-items: center; gap: .6rem; }
#live::before { content: "\\25CF" / ""; color: var(--up); margin-right: .35rem; } .paused #live::before { content: "\\275A\\275A" / ""; color: var(--going); }
.lost #live { color: var(--bad); font-weight: 600; } .lost #live::before { content: "\\2715" / ""; color: var(--bad); } .lost .card, .lost .proxy { border: 1px dashed var(--bad); }
body:not(.scripted) .status { display: none; }
.about { color: var(--soft); display: flex; flex-wrap: wrap; gap: .1rem 1.4rem; padding-bottom: .7rem; } .about b { font-weight: 600; } .about br { display: none; } #facts { display: contents; }
.bar { display: flex; flex-wrap: wrap; gap: .5rem .8rem; align-items: center; padding-bottom: .7rem; }
.chips { display: flex; flex-wrap: wrap; gap: .35rem; }
.chip { font: inherit; padding: .15rem .65rem; border-radius: 1rem; border: 1px solid transparent; }
button.chip { cursor: pointer; } button.chip:hover { border-color: currentColor; } .chip[aria-pressed="true"] { border-color: currentColor; box-shadow: inset 0 0 0 1px currentColor; }
.chip.none { color: var(--soft); background: var(--plain-ground); } .chip::before, .badge::before { margin-right: .3rem; font-size: .85em; }
.up.chip::before, .up.badge::before { content: "\\25CF" / ""; } .going.chip::before, .going.badge::before { content: "\\25D0" / ""; }
.down.chip::before, .down.badge::before { content: "\\2715" / ""; } .drain.chip::before, .drain.badge::before { content: "\\25BD" / ""; }
.maint.chip::before, .maint.badge::before { content: "\\25A0" / ""; } .plain.chip::before, .plain.badge::before { content: "\\25CB" / ""; }
${(['up', 'going', 'down', 'drain', 'maint', 'plain'] as const).map((tone) => `.${tone} { color: var(--${tone}); background: var(--${tone}-ground); }`).join(' ')}
.badge { display: inline-block; padding: 0 .5rem; border-radius: .8rem; font-weight: 600; white-space: nowrap; max-width: 100%; overflow: hidden; text-overflow: ellipsis; vertical-align: bottom; }
#tools { display: flex; flex-wrap: wrap; gap: .4rem .9rem; align-items: center; margin-left: auto; }
input[type="search"], select, button:not(.chip, .sort) { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .25rem .65rem; }
button:not(.chip, .sort) { cursor: pointer; } button:not(.chip, .sort):hover { border-color: var(--soft); } input[type="search"] { width: 15rem; border-color: var(--soft); }
input[type="checkbox"] { margin: 0 .3rem 0 0; vertical-align: -2px; accent-color: var(--link); }
.box { display: inline-grid; place-items: center; width: 1.5rem; height: 1.5rem; margin: -.25rem .1rem -.25rem -.35rem; vertical-align: middle; } .box input { margin: 0; }
.told { margin: 0 0 .7rem; padding: .4rem .8rem; border-radius: .4rem; color: var(--going); background: var(--going-ground); }
.card, .proxy { margin: 0 0 .8rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; } .card { padding: .8rem 1rem; }
summary { cursor: pointer; } .proxy > summary { padding: .5rem .8rem; display: flex; flex-wrap: wrap; gap: 0 .8rem; align-items: baseline; list-style: none; border-radius: .6rem; }
.proxy > summary::before { content: "\\25BE" / ""; color: var(--soft); width: .8rem; margin-right: -.4rem; } .proxy:not([open]) > summary::before { content: "\\25B8" / ""; }
.proxy > summary::-webkit-details-marker { display: none; } .proxy h2 { overflow-wrap: anywhere; } .kind { color: var(--soft); } .tally { margin-left: auto; color: var(--soft); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; text-align: left; }
.tbl { table-layout: fixed; width: 100%; font-size: .75rem; } ${widths()}
.tbl th, .tbl td { padding: .22rem .3rem; border-top: 1px solid var(--line); text-align: right; vertical-align: top; overflow: hidden; text-overflow: ellipsis; }
.tbl thead th { white-space: nowrap; position: sticky; top: 0; z-index: 1; background: var(--card); color: var(--soft); font-weight: 600; vertical-align: bottom; line-height: 1.25; }
.tbl thead small, .over { display: block; } .tbl thead small { font-weight: 400; } .tbl .c-name, .tbl .c-state, .tbl .c-check, .tbl .c-rate, .tbl tbody th, .tbl td.words { text-align: left; }
.tbl tbody th { font-weight: 600; overflow-wrap: anywhere; box-shadow: inset 3px 0 0 transparent; padding-left: .8rem; } .tbl tbody th small { display: block; font-weight: 400; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.tbl td.words { overflow-wrap: anywhere; } .why { display: block; color: var(--ink); } small.why { color: var(--soft); }
.tbl tbody tr:hover { background: var(--hover); } tr.backend, tr.frontend, tr.socket { background: color-mix(in srgb, var(--paper) 55%, var(--card)); }
tr.server.is-down > th { box-shadow: inset 3px 0 0 var(--down); } tr.server.is-going > th { box-shadow: inset 3px 0 0 var(--going); }
tr.server.is-drain > th { box-shadow: inset 3px 0 0 var(--drain); } tr.server.is-maint > th { box-shadow: inset 3px 0 0 var(--maint); }
tr.backend .badge.up, tr.frontend .badge.up, tr.socket .badge.up { background: none; padding-left: 0; }
td.alarm { color: var(--bad); font-weight: 600; } .phone { display: none; }
.sort { font: inherit; color: inherit; background: none; border: 0; padding: 0; min-width: 1.5rem; min-height: 1.5rem; cursor: pointer; } .sort:hover { color: var(--link); text-decoration: underline; } [aria-sort] { color: var(--ink) !important; }
.spark { float: left; width: 3.9rem; height: 15px; margin: 1px .4rem 0 0; } .course { display: block; width: 100%; height: 5rem; border-bottom: 1px solid var(--line); }
.line { fill: var(--spark); fill-opacity: .18; stroke: var(--spark); stroke-width: 1.3; vector-effect: non-scaling-stroke; } .faults { fill: none; stroke: var(--bad); stroke-width: 1.4; vector-effect: non-scaling-stroke; }
.strip { margin-right: .45rem; vertical-align: -2px; } .strip path { stroke-width: 2; } .passed { stroke: var(--up); } .failed { stroke: var(--bad); }
.act { position: sticky; bottom: 0; z-index: 2; padding: .5rem .8rem; background: var(--card); border-top: 1px solid var(--line); border-radius: 0 0 .6rem .6rem; }
.scripted form:not(.some) > .act { display: none; } .marked { font-weight: 600; margin-right: .8rem; }
dialog { color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; box-shadow: 0 8px 40px rgb(0 0 0 / .25); }
#panel { position: fixed; inset: 0 0 0 auto; z-index: 3; margin: 0; width: min(44rem, 100vw); height: 100%; max-height: none; overflow-y: auto; border-radius: 0; border-width: 0 0 0 1px; padding: 0 1.2rem 2rem; }
#panel > div:first-child { position: sticky; top: 0; z-index: 1; display: flex; gap: 1rem; align-items: center; padding: .9rem 0 .6rem; background: var(--card); border-bottom: 1px solid var(--line); margin-bottom: .6rem; }
#panel h2 { overflow-wrap: anywhere; } #panel-close { margin-left: auto; } #confirm { max-width: 34rem; padding: 1.2rem 1.4rem; } #confirm p, #confirm ul { margin: .5rem 0; } #confirm::backdrop { background: rgb(0 0 0 / .45); }
.buttons { display: flex; flex-wrap: wrap; gap: .4rem; margin: .5rem 0; } #confirm .buttons { justify-content: flex-end; }
#confirm-yes { background: var(--link); border-color: var(--link); color: var(--card); font-weight: 600; }
.parts table { width: 100%; } .parts th, .parts td { padding: .22rem .6rem .22rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; } .parts th { font-weight: 600; } .parts thead th { color: var(--soft); }
.parts .number { text-align: right; white-space: nowrap; } .parts small { display: block; font-weight: 400; } .parts section { min-width: 0; } .parts .told { margin: .4rem 0; }
form.question { display: flex; flex-wrap: wrap; gap: .5rem; margin: .5rem 0; } .question input[type="search"] { width: 26rem; max-width: 100%; } .answer { margin: .5rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; font: .75rem/1.5 ui-monospace, monospace; }
.groups { columns: 17rem; column-gap: 1.6rem; } .groups section { break-inside: avoid; } .groups table { table-layout: fixed; } .groups td { text-align: right; padding-right: 0; width: 35%; }
#toast:empty { padding: 0; box-shadow: none; } #toast:not(:empty) { box-shadow: 0 4px 24px rgb(0 0 0 / .25); } #toast { position: fixed; left: 1rem; bottom: 1rem; z-index: 4; max-width: 40rem; margin: 0; }
${narrow()}
@media (width < 48rem) { body { padding: 0 .5rem 3rem; font-size: .875rem; } .over { line-height: 1.5rem; } .c-name { width: 26%; } .c-sessions { width: 16.5%; } .c-total, .c-errors { width: 17%; } .tbl thead th { font-size: .6875rem; }
  .about { font-size: .75rem; } nav { font-size: .8125rem; }
  .tbl th, .tbl td { padding-inline: .15rem; } .tbl .badge { padding: 0 .3rem; } .tbl tbody th { padding-left: .4rem; } .phone { display: inline; } .rest { display: none; } #tools { margin-left: 0; width: 100%; } #tools label:last-child { flex: 1 0 100%; } input[type="search"] { width: 100%; } #age { display: none; } .tally { margin-left: 0; width: 100%; }
  .parts table { font-size: .8125rem; } }
@media print { .status, #tools, .act { display: none; } }
`;
